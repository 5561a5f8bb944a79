import { createHash, timingSafeEqual } from 'node:crypto'
import { type Challenge, echo, queryOf, refuseHandshake } from './answer'

/**
 * Meta's verification request (developers.facebook.com/docs/graph-api/webhooks/getting-started), which comes unsigned by
 * GET: the challenge is sent back if the verify token is one of the endpoint's.
 */
export function compileMeta(tokens: readonly string[]): Challenge {
  const isOurs = compileIsOneOf(tokens)
  const asksByGet: NonNullable<Challenge['asksByGet']> = (request) =>
    request.method === 'GET' && queryOf(request)['hub.mode'] !== undefined
  return {
    asksByGet,
    beforeVerify(request) {
      if (!asksByGet(request)) return undefined
      const query = queryOf(request)
      if (query['hub.mode'] !== 'subscribe') throw refuseHandshake('hub.mode is not "subscribe"')
      if (!isOurs(query['hub.verify_token']))
        throw refuseHandshake('hub.verify_token is not the token of this endpoint')
      const answer = echo(query['hub.challenge'])
      if (answer === undefined) throw refuseHandshake('hub.challenge is not a text of 1 to 1,024 characters')
      return answer
    },
  }
}

/**
 * The validation request of Microsoft Graph (learn.microsoft.com/graph/change-notifications-delivery-webhooks), an
 * unsigned POST: the decoded token is sent back, and a body is dropped.
 */
export function compileGraph(): Challenge {
  return {
    beforeVerify(request) {
      if (!request.url?.includes('validationToken=')) return undefined
      const token = queryOf(request)['validationToken']
      if (token === undefined) return undefined
      const answer = echo(token)
      if (answer === undefined) throw refuseHandshake('validationToken is not a text of 1 to 1,024 characters')
      return answer
    },
  }
}

/** Compares with every token in constant time: all digests have one length. */
function compileIsOneOf(tokens: readonly string[]): (value: unknown) => boolean {
  const expected = tokens.map(digest)
  return (value) => {
    if (typeof value !== 'string') return false
    const found = digest(value)
    return expected.filter((token) => timingSafeEqual(token, found)).length > 0
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
