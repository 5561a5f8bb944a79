import { describeFound, isSecretPlace } from '../field/found'
import { findNearest } from '../../base/values/nearest'
import type { ConfigPath } from '../../base/values/config-path'
import { hasPlaceholder } from '../field/placeholder'
import { findHomes } from './key-homes'
import { isMapping, isPresent, type Mapping } from '../../base/values/plain'
import type { Report } from '../field/report'
import { findStructure, isLeaf, listAlternatives, dereference, type Shape, type TableForm } from '../field/shape'
import { SECTIONS } from '../field/plural'

/** A key that has more places, such as `type`, does not show what the author meant. */
const MAX_HOMES = 2

/**
 * Checks a value against its shape and reports everything wrong, each thing at its own place. A key whose value is null counts
 * as absent, as an empty key does in YAML.
 */
export function checkShape(shape: Shape, value: unknown, path: ConfigPath, report: Report): void {
  checkPart(shape, value, path, { report, root: shape })
}

interface Check {
  readonly report: Report
  /** The shape of the whole value, in which a key that is unknown at its place may be known. */
  readonly root: Shape
}

function checkPart(shape: Shape, value: unknown, path: ConfigPath, check: Check): void {
  const structure = findStructure(shape, value)
  if (structure === undefined) return checkLeaf(dereference(shape), value, path, check.report)
  if (structure.form === 'table') return isMapping(value) ? checkTable(structure, value, path, check) : undefined
  for (const [step, item] of listEntries(value)) checkEntry(structure.item, item, [...path, step], check)
}

function listEntries(value: unknown): Iterable<[string | number, unknown]> {
  return Array.isArray(value) ? value.entries() : Object.entries(isMapping(value) ? value : {})
}

function checkEntry(shape: Shape, value: unknown, path: ConfigPath, check: Check): void {
  if (isPresent(value)) checkPart(shape, value, path, check)
  else check.report.error(path, `expected ${dereference(shape).expected}, found nothing`)
}

function checkTable({ byKey }: TableForm, value: Mapping, path: ConfigPath, check: Check): void {
  const { report, root } = check
  const known = [...byKey.values()].flatMap(({ key, ignored }) => (ignored === undefined ? [key] : []))
  for (const key of Object.keys(value)) {
    if (byKey.has(key)) continue
    const plural = isMapping(value[key]) ? namePlural(path) : undefined
    const above = findEmptyAbove(key, value, byKey)
    report.unknownKey([...path, key], describeUnknown(key, { known, plural, above, homes: () => findHomes(root, key) }))
  }
  for (const { key, shape, isRequired } of byKey.values()) {
    const item = Object.hasOwn(value, key) ? value[key] : undefined
    if (isPresent(item)) checkPart(shape, item, [...path, key], check)
    else if (isRequired) report.error([...path, key], `missing; expected ${dereference(shape).expected}`)
  }
}

/**
 * Returns the key without a value above an unknown one, below which the author may have meant it; undefined when another key of the
 * table stands between them.
 */
function findEmptyAbove(key: string, value: Mapping, byKey: TableForm['byKey']): string | undefined {
  const keys = Object.keys(value)
  const above = keys.slice(0, keys.indexOf(key)).findLast((one) => byKey.has(one))
  return above === undefined || value[above] !== null ? undefined : above
}

/** What a path has in place of templates. */
function adviseOnPath(value: string, path: ConfigPath): string {
  const key = path.at(-1)
  if ((key !== 'path' && key !== 'base_path') || !/^(?:listener|controller)/.test(String(path[0]))) return ''
  const [, name = 'id'] = /\$\{[^{}]{0,100}?(\w{1,100})\s*[|}]/.exec(value) ?? []
  return `; a parameter of a path is written "/:${name}"`
}

type Whole = ReturnType<typeof dereference>

function checkLeaf(shape: Whole, value: unknown, path: ConfigPath, report: Report): void {
  const alternatives = listAlternatives(shape).filter(isLeaf)
  const mayBeText = alternatives.length > 0
  if (
    typeof value === 'string' &&
    hasPlaceholder(value) &&
    mayBeText &&
    !alternatives.some(({ isUntyped }) => isUntyped)
  ) {
    const found = isSecretPlace(path) ? '' : `, found ${describeFound(value, path)}`
    return report.error(path, `only \${env.…} may stand here${found}${adviseOnPath(value, path)}`)
  }
  if (alternatives.some((one) => (one.form === 'value' ? one.read(value) !== undefined : one.accepts(value)))) return
  const found = `found ${describeFound(value, path)}${advise(alternatives, value)}${adviseOnNumber(value, path)}`
  report.error(path, `expected ${describeWanted(shape, value)}, ${found}`)
}

/** Says which section is for one and which for several, where the other one was taken. */
function adviseOnNumber(value: unknown, [section, ...rest]: ConfigPath): string {
  const { singular, plural } =
    Object.values(SECTIONS).find((one) => one.singular === section || one.plural === section) ?? {}
  if (rest.length > 0 || singular === undefined) return ''
  if (section === singular) return Array.isArray(value) ? `; "${plural}" takes several` : ''
  return isMapping(value) ? `; "${singular}" takes one` : ''
}

/** Prefers the alternative that takes values of this type, and else names all of them. */
function describeWanted(shape: Whole, value: unknown): string {
  for (const one of listAlternatives(shape)) {
    const exactly = one.form === 'value' ? one.exactly?.(value) : undefined
    if (exactly !== undefined) return exactly
  }
  return shape.expected
}

function advise(alternatives: readonly Extract<Whole, { form: 'value' | 'template' }>[], value: unknown): string {
  if (typeof value === 'string') {
    const words = alternatives.flatMap((one) => (one.form === 'value' ? (one.words ?? []) : []))
    const nearest = findNearest(value, words)
    return nearest === undefined ? '' : `. Did you mean "${nearest}"?`
  }
  const taken = new Set<string>(alternatives.flatMap(({ takes }) => takes))
  const isUnquoted = typeof value === 'number' || typeof value === 'boolean'
  return isUnquoted && taken.has('string') && !taken.has(typeof value) ? '; put it in quotes' : ''
}

interface UnknownKey {
  readonly known: readonly string[]
  /** The plural section, when the author may have written the name of one thing under the singular. */
  readonly plural: string | undefined
  /** The key without a value above it, when the line may be indented too little. */
  readonly above: string | undefined
  /** Lists the places where the key is known. */
  readonly homes: () => readonly string[]
}

function describeUnknown(key: string, { known, plural, above, homes }: UnknownKey): string {
  const nearest = findNearest(key, known)
  if (nearest === undefined && plural !== undefined)
    return `Unknown key ${describeFound(key, [])}. Did you mean "${plural}:", which holds several by name?`
  if (nearest !== undefined) return `Unknown key ${describeFound(key, [])}. Did you mean "${nearest}"?`
  if (above !== undefined)
    return `Unknown key ${describeFound(key, [])}. "${above}" above it has no value: indent "${key}" further if it belongs there.`
  const places = homes()
  const isTelling = places.length > 0 && places.length <= MAX_HOMES
  const advice = isTelling ? `It belongs ${places.join(' or ')}.` : `Known here: ${known.join(', ')}.`
  return `Unknown key ${describeFound(key, [])}. ${advice}`
}

/** Returns the plural of the section at this path; undefined elsewhere. */
function namePlural([section, ...rest]: ConfigPath): string | undefined {
  if (rest.length > 0) return undefined
  return [SECTIONS.components, SECTIONS.workflows].find(({ singular }) => singular === section)?.plural
}
