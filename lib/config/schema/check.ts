import * as v from 'valibot'
import { reasonToIgnore } from '../foreign/foreign'
import { describeFound, isSecretPlace } from '../field/found'
import { findNearest } from '../../base/nearest'
import type { ConfigPath } from '../../base/config-path'
import { hasPlaceholder } from '../field/placeholder'
import { findHomes } from '../foreign/key-homes'
import { isMapping, type Mapping } from '../../base/plain'
import type { Report } from '../field/report'
import { isUntyped } from './fields'
import {
  fitsStructure,
  isListSchema,
  isObjectSchema,
  isRecordSchema,
  isUnionSchema,
  isWordSchema,
  listAlternatives,
  type ObjectSchema,
  type Schema,
  unwrap,
} from './walk'
import { SECTIONS } from './sections'

/** A key that is known in more places, such as `type`, says nothing about what was meant. */
const MAX_HOMES = 2

/**
 * Checks a value against a schema and reports everything wrong, each thing at its own place.
 *
 * valibot's own run stops at the first unknown key and answers for a union as a whole, so the structure is walked here
 * and only the leaves are left to it. A key whose value is null counts as absent, as an empty key does in YAML.
 */
export function checkShape(schema: Schema, value: unknown, path: ConfigPath, report: Report): void {
  checkPart(schema, value, path, { report, root: schema })
}

interface Check {
  readonly report: Report
  /** The schema of the whole value, in which a key that is unknown at its place may be known. */
  readonly root: Schema
}

function checkPart(schema: Schema, value: unknown, path: ConfigPath, check: Check): void {
  const { report } = check
  const fitting = listAlternatives(schema).find((option) => fitsStructure(option, value))
  if (fitting === undefined) return checkLeaf(unwrap(schema), value, path, report)
  if (isUntyped(unwrap(schema))) return
  if (isObjectSchema(fitting) && isMapping(value)) checkObject(fitting, value, path, check)
  if (isRecordSchema(fitting) && isMapping(value)) {
    for (const [key, item] of Object.entries(value)) checkEntry(fitting.value, item, [...path, key], check)
  }
  if (isListSchema(fitting) && Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkEntry(fitting.item, item, [...path, index], check)
  }
}

function checkEntry(schema: Schema, value: unknown, path: ConfigPath, check: Check): void {
  if (isPresent(value)) checkPart(schema, value, path, check)
  else check.report.error(path, `expected ${describeExpected(schema)}, found nothing`)
}

function checkObject(schema: ObjectSchema, value: Mapping, path: ConfigPath, check: Check): void {
  const { report, root } = check
  const all = Object.keys(schema.entries)
  const known = all.filter((key) => !isIgnored(schema, key))
  for (const key of Object.keys(value)) {
    if (all.includes(key)) continue
    const plural = isMapping(value[key]) ? namePlural(path) : undefined
    report.unknownKey([...path, key], describeUnknown(key, { known, plural, homes: () => findHomes(root, key) }))
  }
  for (const [key, entry] of Object.entries(schema.entries)) {
    const item = Object.hasOwn(value, key) ? value[key] : undefined
    if (isPresent(item)) checkPart(entry, item, [...path, key], check)
    else if (entry.type !== 'optional') report.error([...path, key], `missing; expected ${describeExpected(entry)}`)
  }
}

/** Whether a key is taken, but only for those who come from another system. */
function isIgnored({ entries }: ObjectSchema, key: string): boolean {
  const entry = entries[key]
  return entry !== undefined && reasonToIgnore(entry) !== undefined
}

function checkLeaf(schema: Schema, value: unknown, path: ConfigPath, report: Report): void {
  if (typeof value === 'string' && hasPlaceholder(value) && !mayHoldTemplate(schema)) {
    const found = isSecretPlace(path) ? '' : `, found ${describeFound(value, path)}`
    return report.error(path, `only \${env.…} may stand here${found}`)
  }
  if (accepts(schema, value)) return
  const found = `found ${describeFound(value, path)}${advise(schema, value)}`
  report.error(path, `expected ${describeWanted(schema, value)}, ${found}`)
}

function mayHoldTemplate(schema: Schema): boolean {
  const inner = unwrap(schema)
  return isUntyped(inner) || (isUnionSchema(inner) && inner.options.some(mayHoldTemplate))
}

/** A list or mapping that no alternative has a structure for is nowhere right but in a template of any shape. */
function accepts(schema: Schema, value: unknown): boolean {
  if (typeof value !== 'object') return v.is(schema, value)
  return listAlternatives(schema).some(({ type }) => type === 'unknown')
}

/** What is wrong with the one alternative of the value's own type, or else all that would have been right. */
function describeWanted(schema: Schema, value: unknown): string {
  const sameType = listAlternatives(schema).find(({ type }) => type === typeof value)
  const [issue] = (sameType && v.safeParse(sameType, value).issues) ?? []
  return issue?.message ?? describeExpected(schema)
}

function describeExpected(schema: Schema): string {
  const inner = unwrap(schema)
  if ('message' in inner && typeof inner.message === 'string') return inner.message
  if (inner.type === 'unknown') return 'a template'
  return isListSchema(inner) ? 'a list' : 'a mapping'
}

function advise(schema: Schema, value: unknown): string {
  const alternatives = listAlternatives(schema)
  if (typeof value === 'string') {
    const words = alternatives.flatMap((option) => (isWordSchema(option) ? option.options : []))
    const nearest = findNearest(value, words)
    return nearest === undefined ? '' : `. Did you mean "${nearest}"?`
  }
  const isUnquoted = typeof value === 'number' || typeof value === 'boolean'
  const isText =
    alternatives.some(({ type }) => type === 'string') && !alternatives.some(({ type }) => type === typeof value)
  return isUnquoted && isText ? '; put it in quotes' : ''
}

interface UnknownKey {
  readonly known: readonly string[]
  /** The section that the key may have been meant for, as the name of one of several. */
  readonly plural: string | undefined
  /** Lists the places where the key is known. */
  readonly homes: () => readonly string[]
}

function describeUnknown(key: string, { known, plural, homes }: UnknownKey): string {
  const nearest = findNearest(key, known)
  if (nearest === undefined && plural !== undefined)
    return `Unknown key ${describeFound(key, [])}. Did you mean "${plural}:", which holds several by name?`
  if (nearest !== undefined) return `Unknown key ${describeFound(key, [])}. Did you mean "${nearest}"?`
  const places = homes()
  const isTelling = places.length > 0 && places.length <= MAX_HOMES
  const advice = isTelling ? `It belongs ${places.join(' or ')}.` : `Known here: ${known.join(', ')}.`
  return `Unknown key ${describeFound(key, [])}. ${advice}`
}

/** The section for several of what this place holds one of, by name; undefined elsewhere. */
function namePlural([section, ...rest]: ConfigPath): string | undefined {
  if (rest.length > 0) return undefined
  return [SECTIONS.components, SECTIONS.workflows].find(({ singular }) => singular === section)?.plural
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}
