import { type BinaryToTextEncoding, createHmac, type KeyObject } from 'node:crypto'
import type { CallbackError } from '../../base/errors'
import { isMapping } from '../../base/values/plain'
import { type Challenge, jsonAnswer, queryOf, refuseHandshake } from './answer'

/**
 * The tokens that are signed for a sender. A wider pattern would sign forged callbacks: with Zoom's `v0:time:body` as the
 * token, the answer would be the signature of that body.
 */
const TOKEN = /^[\w-]{1,128}$/

/**
 * Zoom's `endpoint.url_validation` (developers.zoom.us/docs/api/webhooks, "Validate your webhook endpoint"), once the
 * sender is verified. Zoom repeats it every 72 hours and expects the answer within 3 seconds.
 */
export function compileZoom(key: KeyObject): Challenge {
  return {
    afterVerify(_request, body) {
      if (!isMapping(body) || !('event' in body) || body.event !== 'endpoint.url_validation') return undefined
      const payload = 'payload' in body ? body.payload : undefined
      const plainToken = isMapping(payload) && 'plainToken' in payload ? payload.plainToken : undefined
      if (!isToken(plainToken)) throw refuseText('payload.plainToken')
      return jsonAnswer({ plainToken, encryptedToken: sign(key, plainToken, 'hex') })
    },
  }
}

/** The challenge-response check of X (docs.x.com/x-api/webhooks/quickstart), an unsigned GET each hour. */
export function compileX(key: KeyObject): Challenge {
  const asksByGet: NonNullable<Challenge['asksByGet']> = (request) =>
    request.method === 'GET' && queryOf(request)['crc_token'] !== undefined
  return {
    asksByGet,
    beforeVerify(request, raw) {
      if (asksByGet(request)) {
        const token = queryOf(request)['crc_token']
        if (!isToken(token)) throw refuseText('crc_token')
        return jsonAnswer({ response_token: `sha256=${sign(key, token, 'base64')}` })
      }
      // Anybody can have this body signed by asking for it as a token.
      if (raw !== undefined && raw.length <= 128 && isToken(raw.toString('latin1'))) throw refuseBody()
      return undefined
    },
  }
}

function sign(key: KeyObject, text: string, encoding: BinaryToTextEncoding): string {
  return createHmac('sha256', key).update(text).digest(encoding)
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value)
}

function refuseText(name: string): CallbackError {
  return refuseHandshake(
    `${name} is not 1 to 128 letters, digits, "_" and "-", and nothing else is signed for a sender`,
  )
}

function refuseBody(): CallbackError {
  return refuseHandshake('the body could be the token of a handshake, so its signature proves nothing')
}
