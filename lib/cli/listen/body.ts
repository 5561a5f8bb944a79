import { TextDecoder } from 'node:util'
import { encodingsOf } from '../../body/unpack'
import { mayLoseDigits } from '../../template/exact-json'
import { quoteWord } from '../log'
import type { Exchange } from './recorder'
import { count } from '../commands/still-waiting'

/** What there is to see of a body; nothing of one that is empty. */
export interface Body {
  /** Its beginning, as it came. */
  readonly text?: string
  /** What it is instead of a text, such as `gzip`. */
  readonly notShown?: string
}

/** What a body may be, to be shown. */
const TEXT =
  /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml)\b|application\/x-www-form-urlencoded\b|application\/(?:x-)?(?:ndjson|jsonl|json-seq)\b)/i
const FORM = /^application\/x-www-form-urlencoded\b/i
const MAX_WORD = 40

/** Returns the beginning of a body that is text, or a word for any other body. */
export function readBody({ contentType = '', contentEncoding = '', bytes, beginning }: Exchange): Body {
  if (bytes === 0) return {}
  const packing = encodingsOf(contentEncoding).join(', ')
  if (packing !== '') return { notShown: quoteWord(packing.slice(0, MAX_WORD)) }
  if (/^multipart\//i.test(contentType)) return { notShown: 'multipart' }
  return contentType === '' || TEXT.test(contentType) ? decode(beginning, contentType) : { notShown: 'binary' }
}

/** Indents JSON that is there as a whole; a form stays as it came, and so does a number that would lose digits. */
export function indentJson(text: string, { contentType = '', bytes, beginning }: Exchange): string {
  if (bytes > beginning.length || FORM.test(contentType) || mayLoseDigits(text)) return text
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** A number of bytes for people, as `1.2 kB`. */
export function writeSize(bytes: number): string {
  if (bytes < 1000) return count(bytes, 'byte')
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

function decode(bytes: Buffer, contentType: string): Body {
  const [, charset = 'utf-8'] = /;\s*charset="?([^\s";]+)/i.exec(contentType) ?? []
  const decoder = createDecoder(charset)
  if (decoder === undefined) return { notShown: `unknown charset ${quoteWord(charset.slice(0, MAX_WORD))}` }
  try {
    // As a stream, so that a letter that was cut in two is left out.
    const text = decoder.decode(bytes, { stream: true })
    return text.includes('\0') ? { notShown: 'binary' } : { text }
  } catch {
    return { notShown: 'binary' }
  }
}

function createDecoder(charset: string): TextDecoder | undefined {
  try {
    return new TextDecoder(charset, { fatal: true })
  } catch {
    return undefined
  }
}
