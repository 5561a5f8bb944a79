import type { ListenerRequest } from '../../body/request'
import { type Border, openSideOf, OUTSIDE_OF_URLS, type SignedPart } from './signed-parts'
import type { SignedMessage } from './message'
import { unverified } from '../errors'

const LIKE_AN_ID = /^[\w.:+/=@~-]*$/
const BEGINS_OUTSIDE = /^[\s"<>\\^`{|}[\u0080-\u{10ffff}]/u
const ENDS_OUTSIDE = /[\s"<>\\^`{|}\]\u0080-\u{10ffff}]$/u

/**
 * Throws `ERR_UNVERIFIED` for a part whose text could end elsewhere, with another body in the same signed bytes; Standard
 * Webhooks therefore has ids without full stops.
 */
export function checkBorder(text: string, part: SignedPart, { separator, isTight, side }: Border): string {
  if (separator !== '' && text.includes(separator))
    throw unverified(`its ${nameOf(part)} contains the text that stands ${side} it in "signed"`)
  if (isTight && !LIKE_AN_ID.test(text)) throw unverified(`its ${nameOf(part)} holds more than an id`)
  return text
}

function nameOf({ holds, header, text }: SignedPart): string {
  if (header !== undefined) return `header "${header}"`
  return holds === 'id' ? 'id' : text
}

/**
 * Compiles the check that the URL and the body of a request can be told apart in the signed text: the URL holds only
 * characters of URLs, and where the body stands right beside it, the body begins (or ends) with a character that a URL cannot
 * hold, as JSON does. A fixed path without query needs no such body.
 */
export function compileUrlBorder(parts: readonly SignedPart[]): (message: SignedMessage) => void {
  const side = openSideOf(parts)
  if (!parts.some(({ holds }) => holds === 'url')) return () => {}
  return (message) => {
    const target = message.target
    if (OUTSIDE_OF_URLS.test(target)) throw unverified('its URL holds characters that no URL may hold')
    if (side === 0 || !isVariable(message, target)) return
    const { raw } = message
    const edge = (side > 0 ? raw.subarray(0, 4) : raw.subarray(-4)).toString('latin1')
    const pattern = side > 0 ? BEGINS_OUTSIDE : ENDS_OUTSIDE
    if (raw.length === 0 ? !isBodiless(message.request) : !pattern.test(edge))
      throw unverified('its URL and its body cannot be told apart in what is signed; the body is no JSON')
  }
}

/** Only a query, or a path with parameters, can take in text that was signed as body. */
function isVariable({ params }: SignedMessage, target: string): boolean {
  return target.includes('?') || Object.keys(params).length > 0
}

function isBodiless({ method }: ListenerRequest): boolean {
  return method === 'GET' || method === 'DELETE'
}
