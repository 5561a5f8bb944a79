import { buffer } from 'node:stream/consumers'
import type { RequestListener } from 'node:http'
import { CallbackError } from '../../lib/base/errors'
import { answerChallenge } from '../../lib/listener/handshakes/answer'
import { type ChallengedEndpoint, compileChallenges } from '../../lib/listener/handshakes/handshakes'
import { parseContent } from '../../lib/body/content'
import { createFakeClock } from './fake-clock'

/** The parts of an endpoint that its handshake is made of; a POST that says nothing of either, unless told otherwise. */
export function endpoint(parts: Partial<ChallengedEndpoint>): ChallengedEndpoint {
  const nothing = { location: undefined, challengeLocation: undefined, challenge: undefined, verify: undefined }
  return { at: 'listener', method: 'POST', ...nothing, ...parts }
}

/** `verify` of a scheme with these secrets. */
export function verify(
  scheme: NonNullable<ChallengedEndpoint['verify']>['scheme'],
  ...secrets: readonly string[]
): NonNullable<ChallengedEndpoint['verify']> {
  return { scheme, secrets, keyEncoding: undefined, signed: undefined }
}

/** One request at a time in the order of work of an endpoint, where the header `verified` stands for a signature. */
export interface HandshakeHost {
  readonly listener: RequestListener
  /** The bodies that were taken for callbacks. */
  readonly callbacks: readonly unknown[]
  /** Why requests were refused. */
  readonly refusals: readonly string[]
}

/** Serves the handshake of an endpoint: 401 for what is refused, 404 for what is left to the host app, 299 for callbacks. */
export function createHandshakeHost(parts: Partial<ChallengedEndpoint>): HandshakeHost {
  const spec = endpoint(parts)
  const challenge = compileChallenges(spec, { clock: createFakeClock(), fetch: globalThis.fetch })
  const callbacks: unknown[] = []
  const refusals: string[] = []

  const listener: RequestListener = async (request, response) => {
    const raw = await buffer(request)
    try {
      if (request.method !== spec.method && challenge?.asksByGet?.(request) !== true) {
        response.writeHead(404).end()
        return
      }
      const early = challenge?.beforeVerify?.(request, raw)
      if (early) return answerChallenge(response, early)
      if (spec.verify && request.headers['verified'] === undefined)
        throw new CallbackError('ERR_UNVERIFIED', { message: 'not signed' })
      const body = await parseContent(raw, request.headers['content-type'])
      const late = await challenge?.afterVerify?.(request, body)
      if (late) return answerChallenge(response, late)
      callbacks.push(body)
      response.writeHead(299).end()
    } catch (error) {
      refusals.push(error instanceof CallbackError ? `${error.code}: ${error.message}` : String(error))
      response.writeHead(401).end()
    }
  }
  return { listener, callbacks, refusals }
}
