import { trimEnd } from '../../base/same-path'
import { hasPlaceholder, unescapePlaceholders } from './placeholder'

/** One kind of typed value: how a message calls it, and how it is read. */
export interface Kind<T> {
  /** Completes "expected …". */
  readonly expected: string
  /** Gives the value in the unit of the code, or undefined for what is not of this kind. */
  readonly read: (value: unknown) => T | undefined
}

/** How a value is limited: `count` requests in each window. */
export interface Rate {
  readonly count: number
  readonly windowMs: number
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const UNIT_BYTES = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const

/** Text of a duration, as in `"500ms"`; a bare number is milliseconds. */
export const DURATION_TEXT = /^\s*\d+(?:\.\d+)?(?:\s*(?:ms|s|m|h|d))?\s*$/
/** Text of a size, as in `"1mb"`; a bare number is bytes. */
export const SIZE_TEXT = /^\s*\d+(?:\.\d+)?(?:\s*(?:[bB]|[kK][bB]|[mM][bB]|[gG][bB]))?\s*$/
/** Text of a rate, as in `"100/m"`. */
export const RATE_TEXT = /^\s*\d+\s*\/\s*[smhd]\s*$/
/** Text of a whole number. */
export const WHOLE_TEXT = /^\s*\d+\s*$/

/** A duration in milliseconds, not negative. */
export const DURATION: Kind<number> = {
  expected: 'a duration such as "500ms", "30s", "5m", "2h" or "1d", or milliseconds',
  read: (value) => readMeasure(value, DURATION_TEXT, UNIT_MS),
}

/** A size in bytes. */
export const SIZE: Kind<number> = {
  expected: 'a size such as "512kb" or "1mb", or bytes',
  read: (value) => readMeasure(value, SIZE_TEXT, UNIT_BYTES),
}

/** Requests in a window. */
export const RATE: Kind<Rate> = {
  expected: 'a rate such as "100/m" (also /s, /h and /d)',
  read(value) {
    if (typeof value !== 'string' || !RATE_TEXT.test(value)) return undefined
    const [count = '', unit = ''] = value.split('/')
    const windowMs = findUnit(UNIT_MS, unit.trim())
    const wanted = Number(count)
    return windowMs === undefined || wanted < 1 || !Number.isSafeInteger(wanted)
      ? undefined
      : { count: wanted, windowMs }
  },
}

/** A TCP port. */
export const PORT = whole(1, 65_535)
/** A TCP port to listen on; 0 asks for any that is free. */
export const LISTENER_PORT = whole(0, 65_535)
/** A whole number that may be 0. */
export const COUNT = whole(0)
/** A whole number of at least one. */
export const AMOUNT = whole(1)

/** A status of an HTTP answer. */
export const STATUS = whole(200, 599)

/** True or false, also as text, since a variable of the environment is always text. */
export const FLAG: Kind<boolean> = {
  expected: 'true or false',
  read(value) {
    if (typeof value === 'boolean') return value
    const text = typeof value === 'string' ? value.trim().toLowerCase() : undefined
    return text === 'true' ? true : text === 'false' ? false : undefined
  },
}

/** Text that is not blank. */
export const TEXT: Kind<string> = {
  expected: 'text',
  read: (value) => (isText(value) && /[^\s\0]/.test(value) ? unescapePlaceholders(value) : undefined),
}

/** Text that may be empty. */
export const ANY_TEXT: Kind<string> = {
  expected: 'text',
  read: (value) => (isText(value) ? unescapePlaceholders(value) : undefined),
}

/** Text that is taken as it stands, such as a regular expression or an argument of a program. */
export const RAW_TEXT: Kind<string> = {
  expected: 'text',
  read: (value) => (typeof value === 'string' ? value : undefined),
}

/** A text, number or boolean, as the text that it is compared as. */
export const SCALAR: Kind<string> = {
  expected: 'text, a number, true or false',
  read(value) {
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    return ANY_TEXT.read(value)
  },
}

/** An HTTP method in any case, given in capitals. */
export function method<T extends string>(methods: readonly T[]): Kind<T> {
  return {
    expected: `one of ${methods.join(', ')}`,
    read: (value) => methods.find((known) => typeof value === 'string' && known === value.trim().toUpperCase()),
  }
}

/** One of a few words. */
export function word<T extends string>(words: readonly T[]): Kind<T> {
  return { expected: `one of ${words.join(', ')}`, read: (value) => words.find((known) => known === value) }
}

/** A public address without trailing slash: http or https, an origin and perhaps a path. */
export const PUBLIC_URL: Kind<string> = {
  expected: 'an http:// or https:// URL without user, query and fragment',
  read: (value) => readPublicUrl(value, false),
}

/** The same where services may have to call with user and password; both stay as they are written, as Twilio signs them. */
export const CALLED_URL: Kind<string> = {
  expected: 'an http:// or https:// URL without query and fragment',
  read: (value) => readPublicUrl(value, true),
}

const USER = /^https?:\/\/([^/?#]*@)/i

function readPublicUrl(value: unknown, allowsUser: boolean): string | undefined {
  const text = TEXT.read(value)
  if (text === undefined || !/^https?:\/\//i.test(text) || !URL.canParse(text) || /[?#]/.test(text)) return undefined
  const url = new URL(text)
  const [, user = ''] = USER.exec(text) ?? []
  const hasUser = url.username !== '' || url.password !== ''
  if (hasUser && (!allowsUser || /[\s\\]/.test(user))) return undefined
  return `${url.protocol}//${hasUser ? user : ''}${url.host}${trimEnd(url.pathname)}`
}

function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): Kind<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`
  return {
    expected: `a whole number${range}`,
    read(value) {
      const number = typeof value === 'string' && WHOLE_TEXT.test(value) ? Number(value) : value
      return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max
        ? number
        : undefined
    },
  }
}

function readMeasure(value: unknown, pattern: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return isMeasure(value) ? value : undefined
  if (typeof value !== 'string' || !pattern.test(value)) return undefined
  const factor = findUnit(units, value.replaceAll(/[\d.\s]/g, '').toLowerCase()) ?? 1
  const measure = Number.parseFloat(value) * factor
  return isMeasure(measure) ? Math.round(measure) : undefined
}

function findUnit(units: Readonly<Record<string, number>>, name: string): number | undefined {
  return Object.hasOwn(units, name) ? units[name] : undefined
}

function isMeasure(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && !hasPlaceholder(value)
}
