import { LOG_LEVELS, type LogLevel } from '../../config/field/words'
import type { Logger } from '../../base/contracts'
import { escapeControls } from '../../base/secrets/escape'
import { quoteWord } from '../log'
import { isSecretParameter } from '../../base/secrets/secret-names'
import type { Output } from '../io'
import { indentJson, readBody, writeSize } from './body'
import type { Exchange } from './recorder'

export interface ShowOptions {
  readonly log: Logger
  readonly output: Output
  /** Whether a body is written below its line, JSON indented; else the details of the line hold it as received. */
  readonly isPretty: boolean
  /** The lowest level that is written. */
  readonly level: LogLevel
}

const MAX_LINES = 40
const MAX_URL = 500

/** Creates the function that writes each request as one line and, below it, the beginning of its body. */
export function createShow({ log, output, isPretty, level }: ShowOptions): (exchange: Exchange) => void {
  const isWritten = LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf('info')
  return (exchange) => {
    const { method, status, isAnswered, ms, bytes } = exchange
    const url = hideSecrets(exchange.url)
    const type = exchange.contentType?.split(';')[0]?.trim()
    const { text, notShown } = readBody(exchange)
    const size = bytes === 0 ? 'no body' : [type && quoteWord(type), `${bytes} bytes`].filter(Boolean).join(' ')
    const answer = [status, !isAnswered && 'broken off'].filter(Boolean).join(' ')
    const details = {
      event: 'request',
      method,
      url,
      status,
      ms,
      type,
      bytes,
      ...(!isPretty && { body: text, notShown }),
    }
    log.info(details, `${method} ${url} ${answer} ${ms}ms ${size}`)
    if (!isPretty || !isWritten) return
    if (notShown !== undefined) output.write(toBlock(`(${notShown}, ${writeSize(bytes)}, not shown)`, false))
    if (text !== undefined) output.write(toBlock(indentJson(text, exchange), bytes > exchange.beginning.length))
  }
}

/** Returns a path with its query, without the values of parameters that are named like secrets. */
function hideSecrets(url: string): string {
  const [path = '', query] = url.split(/\?(.*)/s)
  const pairs = query?.split('&').map((pair) => {
    const [name = '', value] = pair.split(/=(.*)/s)
    return value === undefined || !isSecretParameter(decode(name)) ? pair : `${name}=***`
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

/** Begins each line as no line of the log begins, so that a body cannot forge one. */
function toBlock(text: string, isCut: boolean): string {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
  const more = isCut || lines.length > MAX_LINES ? ['…'] : []
  return [...lines.slice(0, MAX_LINES), ...more].map((line) => `  | ${escapeControls(line)}\n`).join('')
}
