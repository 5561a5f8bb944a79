import { types } from 'node:util'
import { isMapping } from '../base/values/plain'
import { showValue } from '../base/values/shown-json'
import { maskTickets } from '../base/secrets/ticket-id'
import { LOG_LEVELS, type LogLevel } from '../config/field/words'
import type { Logger } from '../base/contracts'
import type { LogFormat } from './syntax/args'
import { escapeControls } from '../base/secrets/escape'
import type { Io, Output } from './io'
import { isUnnamed } from '../base/unnamed'

export interface LogOptions {
  readonly output: Output
  readonly format: LogFormat
  /** The lowest level that is written. */
  readonly level: LogLevel
  readonly io: Pick<Io, 'env' | 'now'>
}

const COLOURS: Readonly<Record<LogLevel, string>> = { debug: '2', info: '36', warn: '33', error: '31' }

/** Creates a logger that writes each message as one line, whatever its text. */
export function createLog({ output, format, level: lowest, io }: LogOptions): Logger {
  const isDebug = lowest === 'debug'
  const now = (): Date => new Date(io.now())
  const paint = createPaint(output, io)

  function toPretty(level: LogLevel, details: object, message: string): string {
    const shown = isDebug ? pickUnsaid(details, message) : pickData(details)
    const more = Object.keys(shown).length === 0 ? '' : ` ${toJson(shown, isDebug)}`
    const time = now().toTimeString().slice(0, 8)
    return `${paint('2', time)} ${paint(COLOURS[level], level.padEnd(5))} ${escapeControls(maskTickets(message + more))}`
  }

  function toLine(level: LogLevel, details: object, message: string): string {
    const own = { time: now().toISOString(), level, msg: message }
    return escapeControls(maskTickets(toJson({ ...own, ...details, ...own }, isDebug) ?? JSON.stringify(own)))
  }

  const write = (level: LogLevel): Logger[LogLevel] => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(lowest)) return () => undefined
    const render = format === 'json' ? toLine : toPretty
    return (details, message) => void output.write(`${render(level, details, message)}\n`)
  }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** A value as one word of a line: in quotes unless it is plain, so that it cannot pass for several. */
export function quoteWord(value: string): string {
  return /^[\p{L}\p{N}_.:@/+~-]+$/u.test(value) ? value : escapeControls(JSON.stringify(value))
}

/** Returns only the `data` of logger jobs; messages hold the rest of the details. */
function pickData(details: object): object {
  return isMapping(details) && details['data'] !== undefined ? { data: details['data'] } : {}
}

/** Returns the details that the message does not hold. */
function pickUnsaid(details: object, message: string): object {
  const isSaid = (value: unknown): boolean => {
    if (Array.isArray(value)) return value.every(isSaid)
    if (typeof value !== 'string' && typeof value !== 'number') return value === undefined
    const text = String(value)
    return isUnnamed(text) || [text, quoteWord(text)].some((one) => holdsWord(message, one))
  }
  return Object.fromEntries(Object.entries(details).filter(([key, value]) => key === 'data' || !isSaid(value)))
}

/** Whether a text holds another one, not as a part of a word. */
function holdsWord(text: string, word: string): boolean {
  const [first = '', ...rest] = word === '' ? [] : text.split(word)
  let before = first
  return rest.some((after) => {
    const isWhole = !/[\p{L}\p{N}_]$/u.test(before) && !/^[\p{L}\p{N}_]/u.test(after)
    before = after
    return isWhole
  })
}

/** Returns undefined for a value that JSON cannot hold. */
function toJson(value: unknown, isDebug: boolean): string | undefined {
  try {
    return JSON.stringify(value, function show(this: Readonly<Record<string, unknown>>, key: string, item: unknown) {
      if (types.isNativeError(item)) return describeError(item, isDebug)
      return showValue(this, key, item)
    })
  } catch {
    return undefined
  }
}

function describeError(error: Error, isDebug: boolean): object {
  const code: unknown = Reflect.get(error, 'code')
  return { name: error.name, code, message: error.message, ...(isDebug && { stack: error.stack }) }
}

/** Creates the function that colours text on a terminal that has colours, unless NO_COLOR is set (https://no-color.org). */
function createPaint(output: Output, { env }: LogOptions['io']): (colour: string, text: string) => string {
  if (output.isTTY !== true || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return (_colour, text) => text
  return (colour, text) => `\u001b[${colour}m${text}\u001b[0m`
}
