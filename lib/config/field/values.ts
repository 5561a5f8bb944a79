import { trimEnd } from '../../base/same-path'
import { hasPlaceholder, unescapePlaceholders } from './placeholder'

/** One kind of typed value: how a message calls it, and how it is read. */
export interface Kind<T> {
  /** Completes "expected …". */
  readonly expected: string
  /** Returns the value in the unit of the code, or undefined when it is not of this kind. */
  readonly read: (value: unknown) => T | undefined
}

/** A JSON Schema, by which an editor checks a value before the environment is read into it. */
export type Json = Readonly<Record<string, unknown>>

/** The shape of a whole value or template. A user may write `In`, which is read as `Out`. */
export interface Leaf<In = unknown, Out = unknown> {
  /** Completes "expected …". */
  readonly expected: string
  readonly json: Json
  /** The types of values that it takes, which YAML and the advice of messages go by. */
  readonly takes: readonly ('string' | 'number' | 'boolean')[]
  /** Whether `${…}` may stand there, beyond `${env.…}`. */
  readonly isUntyped?: true
  /** Whether a number or boolean of a YAML file is read as the text in the file. */
  readonly isTextual?: true
  /** Only for the type checker. */
  readonly types?: { readonly in: In; readonly out: Out }
}

/** A kind of typed value as a shape. */
export interface Value<In = unknown, Out = unknown> extends Leaf<In, Out>, Kind<Out> {
  readonly form: 'value'
  /** Completes "expected …" for a value of a type that it takes, where it is more exact than `expected`. */
  readonly exactly?: (value: unknown) => string | undefined
  /** The words that it takes, of which the nearest one is suggested. */
  readonly words?: readonly string[]
  /** The one value that it takes. */
  readonly literal?: unknown
}

/** Text that becomes a typed value when the environment is read into it. */
export type EnvText = `${string}\${env.${string}`

/** How a value is limited: `count` requests in each window. */
export interface Rate {
  readonly count: number
  readonly windowMs: number
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const UNIT_BYTES = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const

const DURATION_TEXT = /^\s*\d+(?:\.\d+)?(?:\s*(?:ms|s|m|h|d))?\s*$/
const SIZE_TEXT = /^\s*\d+(?:\.\d+)?(?:\s*(?:[bB]|[kK][bB]|[mM][bB]|[gG][bB]))?\s*$/
const RATE_TEXT = /^\s*\d+\s*\/\s*[smhd]\s*$/
const WHOLE_TEXT = /^\s*\d+\s*$/

const ENV_JSON = { type: 'string', pattern: '\\$\\{' } as const

/** A duration in milliseconds, not negative: `"500ms"`; a bare number is milliseconds. */
export const DURATION = measure(
  'a duration such as "500ms", "30s", "5m", "2h" or "1d", or milliseconds',
  DURATION_TEXT,
  (value) => readMeasure(value, DURATION_TEXT, UNIT_MS),
)

/** A size in bytes: `"1mb"`; a bare number is bytes. */
export const SIZE = measure('a size such as "512kb" or "1mb", or bytes', SIZE_TEXT, (value) =>
  readMeasure(value, SIZE_TEXT, UNIT_BYTES),
)

/** Requests in a window: `"100/m"`. */
export const RATE: Value<string, Rate> = {
  form: 'value',
  expected: 'a rate such as "100/m" (also /s, /h and /d)',
  json: { type: 'string', pattern: orPlaceholder(RATE_TEXT) },
  takes: ['string'],
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
export const FLAG: Value<boolean | 'true' | 'false' | EnvText, boolean> = {
  form: 'value',
  expected: 'true or false',
  json: { anyOf: [{ type: 'boolean' }, { enum: ['true', 'false'], type: 'string' }, ENV_JSON] },
  takes: ['boolean'],
  words: ['true', 'false'],
  read(value) {
    if (typeof value === 'boolean') return value
    const text = typeof value === 'string' ? value.trim().toLowerCase() : undefined
    return text === 'true' ? true : text === 'false' ? false : undefined
  },
}

/** False, to turn something off. */
export const OFF: Value<false, false> = {
  form: 'value',
  expected: 'false',
  json: { const: false },
  takes: [],
  literal: false,
  read: (value) => (value === false ? value : undefined),
}

/** Text that is not blank. */
export const TEXT: Value<string, string> = {
  ...asText((value) => (isText(value) && /[^\s\0]/.test(value) ? unescapePlaceholders(value) : undefined)),
  exactly: (value) => (typeof value === 'string' ? 'text that is not blank' : undefined),
}

/** A secret: a line break at its end is of the file or variable that held it. */
export const SECRET: Value<string, string> = {
  ...TEXT,
  read: (value) => TEXT.read(value)?.replace(/[\r\n]+$/, ''),
}

/** A name, or false. */
export const NAME_OR_FALSE: Kind<string | false> = {
  expected: 'text or false',
  read: (value) => (FLAG.read(value) === false ? false : TEXT.read(value)),
}

/** Text that may be empty. */
export const ANY_TEXT = asText((value) => (isText(value) ? unescapePlaceholders(value) : undefined))

/** Text that is taken as it stands, such as a regular expression or an argument of a program. */
export const RAW_TEXT: Value<string, string> = {
  ...asText((value) => (typeof value === 'string' ? value : undefined)),
  isUntyped: true,
}

/** A text, number or boolean, as the text that it is compared as. */
export const SCALAR: Value<string | number | boolean, string> = {
  form: 'value',
  expected: 'text, a number, true or false',
  json: { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] },
  takes: ['string', 'number', 'boolean'],
  isTextual: true,
  read(value) {
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    return ANY_TEXT.read(value)
  },
}

/** An HTTP method in any case, read in capitals. */
export function method<T extends string>(methods: readonly T[]): Value<string, T> {
  return {
    form: 'value',
    expected: `one of ${methods.join(', ')}`,
    json: { anyOf: [{ enum: methods, type: 'string' }, { type: 'string' }] },
    takes: ['string'],
    words: methods,
    read: (value) => methods.find((known) => typeof value === 'string' && known === value.trim().toUpperCase()),
  }
}

/** One of a few words, in exactly this spelling. */
export function word<const T extends string>(words: readonly T[]): Value<T | EnvText, T> {
  return {
    form: 'value',
    expected: `one of ${words.join(', ')}`,
    json: { anyOf: [{ enum: words, type: 'string' }, ENV_JSON] },
    takes: [],
    words,
    read: (value) => words.find((known) => known === value),
  }
}

/** A public address without trailing slash: http or https, an origin and perhaps a path. */
export const PUBLIC_URL: Kind<string> = {
  expected: 'an http:// or https:// URL without user, query and fragment',
  read: (value) => readPublicUrl(value, false),
}

/** The same where services may have to call with user and password; both stay as they are written, as Twilio signs them. */
export const CALLED_URL: Value<string, string> = {
  ...asText((value) => readPublicUrl(value, true)),
  expected: 'an http:// or https:// URL without query and fragment',
}

const USER = /^https?:\/\/([^/?#]*@)/i

function readPublicUrl(value: unknown, allowsUser: boolean): string | undefined {
  const written = TEXT.read(value)
  if (written === undefined || !/^https?:\/\//i.test(written) || !URL.canParse(written) || /[?#]/.test(written))
    return undefined
  const url = new URL(written)
  const [, user = ''] = USER.exec(written) ?? []
  const hasUser = url.username !== '' || url.password !== ''
  if (hasUser && (!allowsUser || /[\s\\]/.test(user))) return undefined
  return `${url.protocol}//${hasUser ? user : ''}${url.host}${trimEnd(url.pathname)}`
}

function asText(read: (value: unknown) => string | undefined): Value<string, string> {
  return { form: 'value', expected: 'text', json: { type: 'string' }, takes: ['string'], read }
}

/** A number that may also be written as text of this pattern. */
function measure(
  expected: string,
  pattern: RegExp,
  read: (value: unknown) => number | undefined,
): Value<number | string, number> {
  const isMistyped = (value: unknown): boolean =>
    typeof value === 'number' ? value < 0 : typeof value === 'string' && !pattern.test(value)
  return {
    form: 'value',
    expected,
    json: {
      anyOf: [
        { type: 'number', minimum: 0 },
        { type: 'string', pattern: orPlaceholder(pattern) },
      ],
    },
    takes: ['number', 'string'],
    exactly: (value) => (isMistyped(value) ? expected : undefined),
    read,
  }
}

/** An editor sees the text before the environment is read into it. */
function orPlaceholder(pattern: RegExp): string {
  return `${pattern.source}|\\$\\{`
}

function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): Value<number | string, number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`
  return measure(`a whole number${range}`, WHOLE_TEXT, (value) => {
    const number = typeof value === 'string' && WHOLE_TEXT.test(value) ? Number(value) : value
    return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max ? number : undefined
  })
}

function readMeasure(value: unknown, pattern: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return isMeasure(value) ? value : undefined
  if (typeof value !== 'string' || !pattern.test(value)) return undefined
  const factor = findUnit(units, value.replaceAll(/[\d.\s]/g, '').toLowerCase()) ?? 1
  const amount = Number.parseFloat(value) * factor
  return isMeasure(amount) ? Math.round(amount) : undefined
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
