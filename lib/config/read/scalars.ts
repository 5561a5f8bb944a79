import { isMapping } from '../../base/values/plain'
import { findStructure, isLeaf, listAlternatives, type Shape, type TableForm } from '../field/shape'

/** A number, boolean or date of YAML with its text in the file, such as `1.10` or `0x1F`. */
export class WrittenScalar {
  constructor(
    readonly value: unknown,
    readonly source: string,
  ) {}
}

/**
 * Replaces each scalar of a YAML document by its text in the file where the shape takes a text, and elsewhere by its
 * value. For a body the headers beside it decide: only JSON has numbers.
 */
export function settleScalars(root: Shape, document: unknown): unknown {
  const copy = createCopy()

  function settle(shape: Shape, value: unknown, contentType?: string): unknown {
    if (value instanceof WrittenScalar) return settleScalar(shape, value)
    if (typeof value !== 'object' || value === null) return value
    const structure = findStructure(shape, value)
    if (structure === undefined) return settleAll(value, saysText(shape) ? toSource : toValue)
    if (structure.form === 'table') return settleTable(structure, value, contentType)
    return copy(value, (item) => settle(structure.item, item))
  }

  /** `action` takes the headers of its component. */
  function settleTable({ byKey }: TableForm, value: object, inherited: string | undefined): unknown {
    const type = findContentType('headers' in value ? value.headers : undefined) ?? inherited
    return copy(value, (item, key) => {
      const row = byKey.get(key)
      if (row === undefined) return settleAll(item, toValue)
      if (key === 'body' && type !== undefined && !/json/i.test(type)) return settleAll(item, toSource)
      return settle(row.shape, item, key === 'action' ? type : undefined)
    })
  }

  function settleAll(value: unknown, decide: (scalar: WrittenScalar) => unknown): unknown {
    if (value instanceof WrittenScalar) return decide(value)
    return Array.isArray(value) || isMapping(value) ? copy(value, (item) => settleAll(item, decide)) : value
  }

  return settle(root, document)
}

/** Creates a function that copies a list or a mapping with changed items. The copy of one that contains itself does so too. */
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

/** The content type in headers, unless it is a template. */
function findContentType(headers: unknown): string | undefined {
  const entries = isMapping(headers) ? Object.entries(headers) : []
  const type = entries.find(([name]) => name.trim().toLowerCase() === 'content-type')?.[1]
  return typeof type === 'string' && !type.includes('${') ? type : undefined
}

function settleScalar(shape: Shape, scalar: WrittenScalar): unknown {
  if (saysText(shape)) return toSource(scalar)
  return wantsText(shape, scalar.value) ? scalar.source : toValue(scalar)
}

/** A place for numbers or booleans keeps the value, even a wrong one, so that the message quotes it. */
function wantsText(shape: Shape, value: unknown): boolean {
  const leaves = listAlternatives(shape).filter(isLeaf)
  const isTyped = leaves.some(({ takes, ...leaf }) =>
    'literal' in leaf ? typeof leaf.literal === typeof value : takes.some((type) => type !== 'string'),
  )
  return !isTyped && leaves.some(({ takes, ...leaf }) => 'words' in leaf || takes.includes('string'))
}

/** Whether an alternative wants a scalar as it is written in the file. */
function saysText(shape: Shape): boolean {
  return listAlternatives(shape).some((one) => isLeaf(one) && one.isTextual === true)
}

/** A value whose text is the same is kept: any scalar is allowed there. */
function toSource({ value, source }: WrittenScalar): unknown {
  return typeof value !== 'bigint' && String(value) === source ? value : source
}

/** JSON has no dates. */
function toValue({ value, source }: WrittenScalar): unknown {
  return value instanceof Date ? source : value
}
