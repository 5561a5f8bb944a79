import { toText } from '../template/convert'

/** Characters of a body in a message. */
const MAX_EXCERPT = 200

/** The beginning of a body for a message, on one line; empty for none. */
export function excerptOf(body: unknown): string {
  if (body === null || body === undefined) return ''
  if (Buffer.isBuffer(body)) return `${body.length} bytes that are no text`
  return cut(onOneLine(toText(body)), MAX_EXCERPT)
}

/** Control characters would let a service write into the log of its caller. */
export function onOneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

/** Never in the middle of a surrogate pair. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '')}…`
}
