import { LOG_LEVELS, type LogLevel } from '../config/words'
import type { Logger } from '../types'
import { escapeControls, quoteWord } from './escape'
import type { Output } from './io'
import type { Exchange } from './listen-recorder'

export interface ShowOptions {
  readonly log: Logger
  readonly output: Output
  /** Whether bodies stand below their line; else they are part of its details. */
  readonly isPretty: boolean
  /** The lowest level that is written. */
  readonly level: LogLevel
}

/** What a body may be, to be shown. */
const TEXT =
  /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml)\b|application\/x-www-form-urlencoded\b|application\/x-ndjson\b)/i
const SECRET = /auth|cookie|credential|hmac|key|pass|secret|sig|token/i
const MAX_LINES = 40
const MAX_URL = 500

/** Gives what writes each request as one line and, below it, the beginning of its body. */
export function createShow({ log, output, isPretty, level }: ShowOptions): (exchange: Exchange) => void {
  const isWritten = LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf('info')
  return (exchange) => {
    const { method, status, isAnswered, ms, bytes } = exchange
    const url = hideSecrets(exchange.url)
    const type = exchange.contentType?.split(';')[0]?.trim()
    const body = readText(exchange)
    const size = bytes === 0 ? 'no body' : [type && quoteWord(type), `${bytes} bytes`].filter(Boolean).join(' ')
    const answer = [status, !isAnswered && 'broken off'].filter(Boolean).join(' ')
    const details = { event: 'request', method, url, status, ms, type, bytes, ...(!isPretty && { body }) }
    log.info(details, `${method} ${url} ${answer} ${ms}ms ${size}`)
    if (isPretty && isWritten && body !== undefined) output.write(toBlock(body, bytes > exchange.beginning.length))
  }
}

/** A path with its query, without the values of what is named like a secret. */
function hideSecrets(url: string): string {
  const [path = '', query] = url.split(/\?(.*)/s)
  const pairs = query?.split('&').map((pair) => {
    const [name = '', value] = pair.split(/=(.*)/s)
    return value === undefined || !SECRET.test(decode(name)) ? pair : `${name}=***`
  })
  const shown = pairs === undefined ? path : `${path}?${pairs.join('&')}`
  return shown.length > MAX_URL ? `${shown.slice(0, MAX_URL)}…` : shown
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** The beginning of a body that is text; JSON that is there as a whole is indented anew. */
function readText({ contentType, contentEncoding, bytes, beginning }: Exchange): string | undefined {
  const isPlain = contentEncoding === undefined || contentEncoding === 'identity'
  if (bytes === 0 || !isPlain || (contentType !== undefined && !TEXT.test(contentType.trim()))) return undefined
  const text = decodeText(beginning, contentType)
  if (text === undefined || bytes > beginning.length) return text
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** Undefined for bytes that are no text, and for a charset that nobody knows. */
function decodeText(bytes: Buffer, contentType = ''): string | undefined {
  const [, charset = 'utf-8'] = /;\s*charset="?([^\s";]+)/i.exec(contentType) ?? []
  try {
    // As a stream, so that a letter that was cut in two is left out.
    const text = new TextDecoder(charset, { fatal: true }).decode(bytes, { stream: true })
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}

/** Each line begins as no line of the log does, so that nobody can forge one. */
function toBlock(text: string, isCut: boolean): string {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
  const more = isCut || lines.length > MAX_LINES ? ['…'] : []
  return [...lines.slice(0, MAX_LINES), ...more].map((line) => `  | ${escapeControls(line)}\n`).join('')
}
