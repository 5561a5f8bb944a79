import { isTooDeep, MAX_JSON_DEPTH } from './json-depth'

type Convert = (value: unknown) => unknown

const TRUE = new Set(['true', '1', 'yes', 'on'])
const FALSE = new Set(['false', '0', 'no', 'off', ''])
const NUMERIC = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i

/** The types behind `as`; each throws a plain `Error` that says why the value does not fit. */
const CONVERSIONS: ReadonlyMap<string, Convert> = new Map<string, Convert>([
  ['string', toText],
  ['text', toText],
  ['integer', (value) => Math.trunc(toNumber(value))],
  ['number', toNumber],
  ['boolean', toBoolean],
  ['json', (value) => (typeof value === 'string' ? parseJson(value) : value)],
  ['object', (value) => expectShape(value, isMapping, 'a mapping')],
  ['list', (value) => expectShape(value, Array.isArray, 'a list')],
  ['base64', (value) => (Buffer.isBuffer(value) ? value : Buffer.from(toText(value))).toString('base64')],
])

/** Gives the conversion for `integer` or `integer[]`; nothing when the type is unknown. Null stays null in all of them. */
export function findConversion(type: string): Convert | undefined {
  const each = type.endsWith('[]')
  const convert = CONVERSIONS.get(each ? type.slice(0, -2) : type)
  if (convert === undefined) return undefined
  const unlessNull = (value: unknown): unknown => (value === null || value === undefined ? null : convert(value))
  if (!each) return unlessNull
  return (value) => {
    if (value === null || value === undefined) return null
    if (!Array.isArray(value)) throw new Error('it is no list')
    return value.map(unlessNull)
  }
}

/** Text of any value inside other text: null is empty, mappings and lists are JSON. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  if (Buffer.isBuffer(value)) return value.toString()
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Reads a number or a numeric text; throws for anything else and for what is not finite. */
function toNumber(value: unknown): number {
  if (typeof value === 'boolean') return Number(value)
  const number = parseNumber(value)
  if (number === undefined) throw new Error('it is no number')
  return number
}

/** Reads a finite number or a numeric text; nothing for anything else. */
export function parseNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  const number = NUMERIC.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}

function toBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  const text = toText(value).trim().toLowerCase()
  if (TRUE.has(text)) return true
  if (FALSE.has(text)) return false
  throw new Error('it is neither true nor false')
}

function expectShape(value: unknown, fits: (value: unknown) => boolean, shape: string): unknown {
  const parsed = typeof value === 'string' ? parseJson(value) : value
  if (!fits(parsed)) throw new Error(`it is not ${shape}`)
  return parsed
}

function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw new Error(`it is nested deeper than ${MAX_JSON_DEPTH}`)
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('it is no JSON')
  }
}
