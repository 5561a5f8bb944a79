import { isUtf8 } from 'node:buffer'
import { writeJson } from './bigints'
import { parseJson } from './exact-json'
import { isTooDeep, MAX_JSON_DEPTH } from './json-depth'
import { type Numeric, parseInteger, parseNumber } from './numbers'

type Convert = (value: unknown) => unknown

const TRUE = new Set(['true', '1', 'yes', 'on'])
const FALSE = new Set(['false', '0', 'no', 'off', ''])
const BASE64 = /^[\w+/-]*={0,2}$/

/** The types behind `as`; each throws a plain `Error` that says why the value does not fit. */
const CONVERSIONS: ReadonlyMap<string, Convert> = new Map<string, Convert>([
  ['string', toText],
  ['text', toText],
  ['integer', (value) => toNumber(value, parseInteger)],
  ['number', (value) => toNumber(value, parseNumber)],
  ['boolean', toBoolean],
  ['json', (value) => (typeof value === 'string' ? readJson(value) : value)],
  ['object', (value) => expectShape(value, isObject, 'a mapping')],
  ['list', (value) => expectShape(value, Array.isArray, 'a list')],
  ['base64', (value) => (Buffer.isBuffer(value) ? value : Buffer.from(toText(value))).toString('base64')],
  ['unbase64', fromBase64],
  ['urlencoded', toUrlPart],
])

/** Returns the conversion for `integer` or `integer[]`; undefined when the type is unknown. Null stays null in all of them. */
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

/** Whether a type gives numbers, for one value or for each. */
export function isNumberType(type: string): boolean {
  return /^(?:integer|number)(?:\[\])?$/.test(type)
}

/** Text of any value inside other text: null is empty, mappings and lists are JSON, dates and URLs as JSON has them without quotes. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  if (Buffer.isBuffer(value)) return value.toString()
  if (typeof value !== 'object') return String(value)
  return value instanceof Date || value instanceof URL ? toText(value.toJSON()) : (writeJson(value) ?? '')
}

/** Reads a number or a numeric text; throws for anything else and for what is not finite. */
function toNumber(value: unknown, parse: (value: unknown) => Numeric | undefined): Numeric {
  if (typeof value === 'boolean') return Number(value)
  const number = parse(value)
  if (number === undefined) throw new Error('it is no number')
  return number
}

/**
 * Whether a value says yes. What is missing says no, and so do false, 0, an empty text, and the words that `as boolean` reads
 * as false; everything else says yes.
 */
export function saysYes(value: unknown): boolean {
  if (value === null || value === undefined) return false
  return typeof value === 'object' || !FALSE.has(toText(value).trim().toLowerCase())
}

function toBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  const text = toText(value).trim().toLowerCase()
  if (TRUE.has(text)) return true
  if (FALSE.has(text)) return false
  throw new Error('it is neither true nor false')
}

function expectShape(value: unknown, fits: (value: unknown) => boolean, shape: string): unknown {
  const parsed = typeof value === 'string' ? readJson(value) : value
  if (!fits(parsed)) throw new Error(`it is not ${shape}`)
  return parsed
}

/** Instances count too, unlike in `isMapping`: their own fields are read. */
function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readJson(text: string): unknown {
  if (isTooDeep(text)) throw new Error(`it is nested deeper than ${MAX_JSON_DEPTH}`)
  try {
    return parseJson(text.replace(/^\uFEFF/, ''))
  } catch {
    throw new Error('it is no JSON')
  }
}

/** Reads both alphabets of base64 (RFC 4648), also without padding and on several lines. Text where the bytes are UTF-8. */
function fromBase64(value: unknown): unknown {
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) throw new Error('it is no text')
  const digits = toText(value).replaceAll(/\s+/g, '')
  if (!BASE64.test(digits) || digits.replace(/=+$/, '').length % 4 === 1) throw new Error('it is no base64')
  const bytes = Buffer.from(digits, 'base64')
  return isUtf8(bytes) ? bytes.toString() : bytes
}

/** Writes one segment of a path, or one value of a query. */
function toUrlPart(value: unknown): string {
  try {
    return encodeURIComponent(toText(value))
  } catch {
    throw new Error('it holds half a surrogate pair, which is no character')
  }
}
