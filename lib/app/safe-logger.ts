import { CallbackError } from '../base/errors'
import type { Logger } from '../base/contracts'
import { escapeControls } from '../base/secrets/escape'
import { maskTickets } from '../base/secrets/ticket-id'

/** The logger of an app that gives none: warnings of the process. */
export const PROCESS_WARNINGS: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (_details, message) => process.emitWarning(message, 'CallbackWarning'),
  error(details, message) {
    process.emitWarning(message, { type: 'CallbackError', detail: describeUnexpected(details) })
  },
}

/**
 * Creates a logger around that of the app. It throws nothing, so that a logger that fails does not stop a callback; it
 * keeps each message to one line, so that a callback cannot write lines into the log; and it cuts tickets short.
 */
export function createSafeLogger(logger: Logger): Logger {
  const isConsole = Object.is(logger, globalThis.console)
  const safe =
    (level: keyof Logger): Logger[keyof Logger] =>
    (details, message) => {
      const line = toLine(message)
      try {
        // The console would write all details at length, and the message behind them. It takes % in the first for its own.
        if (isConsole) Reflect.apply(logger[level], logger, toConsole(line, describeUnexpected(details)))
        else logger[level](toSafeDetails(details), line)
      } catch {
        // There is no other place to report it to.
      }
    }
  return { debug: safe('debug'), info: safe('info'), warn: safe('warn'), error: safe('error') }
}

function toLine(text: string): string {
  return escapeControls(maskTickets(text))
}

function toConsole(line: string, stack: string): readonly string[] {
  return stack === '' ? [line] : [line.replaceAll('%', '%%'), stack]
}

/** Makes texts and lists of texts safe. A logger writes errors, and the `data` of logger jobs, as JSON. */
function toSafeDetails(details: object): object {
  return Object.fromEntries(
    Object.entries(details).map(([key, value]: [string, unknown]) => [key, key === 'data' ? value : toSafe(value)]),
  )
}

function toSafe(value: unknown): unknown {
  if (typeof value === 'string') return toLine(value)
  return Array.isArray(value) ? value.map((item: unknown) => (typeof item === 'string' ? toLine(item) : item)) : value
}

/** Returns the stack of an unexpected error; the message of a `CallbackError` says enough. */
function describeUnexpected(details: object): string {
  const error: unknown = Reflect.get(details, 'err')
  if (!(error instanceof Error) || error instanceof CallbackError) return ''
  const { message, stack = message } = error
  // The message may hold lines of its own, which must not pass for others.
  return stack
    .replace(message, () => toLine(message))
    .split('\n')
    .map(toLine)
    .join('\n')
}
