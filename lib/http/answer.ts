import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { parseContent } from '../body/content'
import { giveType } from '../base/values/typed-bytes'
import type { AnswerHeaders } from './answer-headers'

/** Bytes of an answer, from its beginning. */
export interface Content {
  readonly bytes: Buffer
  /** Whether there was no more to come. */
  readonly isWhole: boolean
}

const BYTE_ORDER_MARK = '\uFEFF'
/** Read by their fields, JSON in text too: many services label it so. */
const PARSED =
  /^(?:application\/(?:json|x-json|(?:x-)?javascript|x-www-form-urlencoded)|text\/(?:plain|html|json|x-json|javascript)|multipart\/form-data|[^/]*)$|\+json$/
const TEXT =
  /^text\/|\+(?:xml|yaml)$|^application\/(?:text|xml|xml-dtd|(?:x-)?csv|(?:x-)?yaml|jwt|jose|toml|sql|graphql|x-sh|(?:x-)?ndjson|(?:x-)?jsonl|jsonlines|json-seq)$/

/** Reads at most so many bytes, unpacked, and gives the connection up when there are more. */
export async function readContent(response: Response, maxBytes: number): Promise<Content> {
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = response.body?.getReader()
  for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
    chunks.push(read.value)
    size += read.value.length
    if (size <= maxBytes) continue
    await reader?.cancel()
    return { bytes: Buffer.concat(chunks, maxBytes), isWhole: false }
  }
  return { bytes: Buffer.concat(chunks, size), isWhole: true }
}

/**
 * Reads a body by its content type: JSON and forms are parsed, other text stays as it is with its byte order mark, and
 * what is no text stays a Buffer that knows its content type; null when it is empty. Rejects with `ERR_BODY_*`, as for
 * callbacks.
 */
export async function parseAnswer(bytes: Buffer, headers: AnswerHeaders): Promise<unknown> {
  if (bytes.length === 0) return null
  const header = headers['content-type']
  const [type = '', ...parameters] = (header ?? '').toLowerCase().split(';')
  const charset = parameters.map((parameter) => /^\s*charset\s*=\s*"?([^"\s]+)/.exec(parameter)?.[1]).find(Boolean)
  const name = type.trim()
  if (PARSED.test(name)) return parseKnown(bytes, header)
  const isText = TEXT.test(name) || charset !== undefined
  return (isText ? decode(bytes, charset) : undefined) ?? giveType(bytes, header)
}

async function parseKnown(bytes: Buffer, header: string | undefined): Promise<unknown> {
  const value = await parseContent(bytes, header)
  if (Buffer.isBuffer(value)) return giveType(value, header)
  const lostMark = typeof value === 'string' && isMarked(bytes) && !/json/i.test(header ?? '')
  return lostMark && !value.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK + value : value
}

/** Whether bytes begin with the byte order mark of UTF-8. */
function isMarked(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

/** Undefined for what is not in its charset: then the bytes are all that is known. */
function decode(bytes: Buffer, charset = 'utf-8'): string | undefined {
  if (/^utf-?8$/.test(charset)) return isUtf8(bytes) ? bytes.toString() : undefined
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
