import { isMapping } from '../../base/plain'
import { meansText } from '../schema/fields'
import {
  fitsStructure,
  isListSchema,
  isLiteralSchema,
  isObjectSchema,
  isRecordSchema,
  isUnionSchema,
  listAlternatives,
  type ObjectSchema,
  type Schema,
  unwrap,
} from '../schema/walk'

/** A number, boolean or date of YAML beside the text that stands for it in the file, such as `1.10` or `0x1F`. */
export class WrittenScalar {
  constructor(
    readonly value: unknown,
    readonly source: string,
  ) {}
}

/**
 * Decides for each scalar of a YAML document what it is: where the schema has a text, what stands in the file; elsewhere
 * its value. The headers that surround a body decide for that: only in JSON are numbers numbers.
 */
export function settleScalars(schema: Schema, document: unknown): unknown {
  const copy = createCopy()

  function settle(place: Schema, value: unknown, contentType?: string): unknown {
    if (value instanceof WrittenScalar) return settleScalar(place, value)
    if (typeof value !== 'object' || value === null) return value
    const fitting = listAlternatives(place).find((option) => fitsStructure(option, value))
    if (fitting === undefined || meansText(unwrap(place)) || meansText(fitting))
      return settleAll(value, saysText(place) ? toSource : toValue)
    if (isObjectSchema(fitting)) return settleObject(fitting, value, contentType)
    if (isRecordSchema(fitting)) return copy(value, (item) => settle(fitting.value, item))
    return isListSchema(fitting) ? copy(value, (item) => settle(fitting.item, item)) : settleAll(value, toValue)
  }

  /** `action` takes the headers of its component. */
  function settleObject({ entries }: ObjectSchema, value: object, inherited: string | undefined): unknown {
    const type = findContentType('headers' in value ? value.headers : undefined) ?? inherited
    return copy(value, (item, key) => {
      const entry = Object.hasOwn(entries, key) ? entries[key] : undefined
      if (entry === undefined) return settleAll(item, toValue)
      if (key === 'body' && type !== undefined && !/json/i.test(type)) return settleAll(item, toSource)
      return settle(entry, item, key === 'action' ? type : undefined)
    })
  }

  function settleAll(value: unknown, decide: (scalar: WrittenScalar) => unknown): unknown {
    if (value instanceof WrittenScalar) return decide(value)
    return Array.isArray(value) || isMapping(value) ? copy(value, (item) => settleAll(item, decide)) : value
  }

  return settle(schema, document)
}

/** Creates a function that copies a list or a mapping with its items changed. One that contains itself does so in the copy. */
function createCopy(): (value: object, change: (item: unknown, key: string) => unknown) => object {
  const open = new Map<object, object>()
  return (value, change) => {
    const known = open.get(value)
    if (known !== undefined) return known
    const copy: object = Array.isArray(value) ? [] : {}
    open.set(value, copy)
    for (const [key, item] of Object.entries(value)) {
      // Unlike an assignment this makes an own key of "__proto__".
      Object.defineProperty(copy, key, { ...WRITABLE, value: change(item, key) })
    }
    open.delete(value)
    return copy
  }
}

const WRITABLE = { enumerable: true, writable: true, configurable: true } as const

/** The content type that headers say in so many words. */
function findContentType(headers: unknown): string | undefined {
  const entries = isMapping(headers) ? Object.entries(headers) : []
  const type = entries.find(([name]) => name.trim().toLowerCase() === 'content-type')?.[1]
  return typeof type === 'string' && !type.includes('${') ? type : undefined
}

function settleScalar(schema: Schema, scalar: WrittenScalar): unknown {
  if (saysText(schema)) return toSource(scalar)
  return wantsText(schema, scalar.value) ? scalar.source : toValue(scalar)
}

/** A place for numbers or booleans keeps a value, also a wrong one, which is refused as what it is. */
function wantsText(schema: Schema, value: unknown): boolean {
  const alternatives = listAlternatives(schema)
  if (alternatives.some((option) => isTyped(option, value))) return false
  return alternatives.some(({ type }) => type === 'string' || type === 'picklist')
}

function saysText(schema: Schema): boolean {
  const inner = unwrap(schema)
  return meansText(inner) || (isUnionSchema(inner) && inner.options.some(saysText))
}

function isTyped(schema: Schema, value: unknown): boolean {
  if (isLiteralSchema(schema)) return typeof schema.literal === typeof value
  return schema.type === 'number' || schema.type === 'boolean'
}

/** A value whose text is the same may stay, since any scalar may stand there. */
function toSource({ value, source }: WrittenScalar): unknown {
  return typeof value !== 'bigint' && String(value) === source ? value : source
}

/** JSON has no dates. */
function toValue({ value, source }: WrittenScalar): unknown {
  return value instanceof Date ? source : value
}
