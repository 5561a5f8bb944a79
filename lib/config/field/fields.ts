import type { ErrorCode, Location } from '../../base/errors'
import { compileTemplate, type Template } from '../../template/compile'
import { describeForeignMark, findForeignMark } from './foreign-marks'
import { describeBroken } from './found'
import { type ConfigPath, formatPath } from '../../base/values/config-path'
import { isMapping, type Mapping } from '../../base/values/plain'
import { hasPlaceholder, unescapePlaceholders } from './placeholder'
import type { Report } from './report'
import { explainAbsence } from './template-sources'
import type { Kind } from './values'

/** A template and the place where it was written. */
export interface PlacedTemplate {
  readonly path: ConfigPath
  readonly template: Template
}

/** The path of an awaited callback, and the place where it was written. */
export interface PlacedCallbackPath {
  readonly path: ConfigPath
  /** The path of the callback, as written. */
  readonly callback: string
}

/** Shared by the readers of all sections: the report, and the parts that are checked when every section is read. */
export interface Reading {
  readonly report: Report
  readonly templates: PlacedTemplate[]
  readonly callbackPaths: PlacedCallbackPath[]
}

/**
 * Reads the keys of one mapping. A value of a wrong shape has been reported already and counts as absent, so that
 * everything else can still be read and checked.
 */
export interface Fields {
  readonly path: ConfigPath
  readonly at: string
  readonly location: Location | undefined
  readonly reading: Reading
  /** The keys that are present and not null, as they were written. */
  readonly keys: readonly string[]
  has(key: string): boolean
  /** The path of a key, for a problem at it. */
  pathOf(key: string): ConfigPath
  /** Where a key stands in its file. */
  locationOf(key: string): Location | undefined
  read<T>(key: string, kind: Kind<T>): T | undefined
  /** Reads a list; a lone value is a list of one. */
  readList<T>(key: string, kind: Kind<T>): readonly T[] | undefined
  /** Reads a template; `isUrl` says that it makes the URL of a request. */
  template(key: string, sources: ReadonlySet<string>, isUrl?: boolean): Template | undefined
  /** Reads a mapping. A text, number or boolean in its place is the value of its key `short`. */
  mapping(key: string, short?: string): Fields | undefined
  /** Reads a list of mappings. A text, number or boolean in place of one is the value of its key `short`. */
  mappings(key: string, short?: string): readonly Fields[]
  /** Returns the same mapping with these keys alone. */
  only(keys: readonly string[]): Fields
  /** Returns a mapping at the same place that has this key alone. */
  supposing(key: string, value: unknown): Fields
  /** Reports something wrong with a key, or with the whole mapping. */
  error(key: string | undefined, message: string, code?: ErrorCode): void
  warn(key: string | undefined, message: string, code?: ErrorCode): void
}

/** Creates the reader of a mapping; `short` names the key whose value was written in place of the mapping. */
export function createFields(data: Mapping, path: ConfigPath, reading: Reading, short?: string): Fields {
  const { report } = reading
  const place = report.locate(path, 'key')
  const get = (key: string): unknown => (Object.hasOwn(data, key) ? (data[key] ?? undefined) : undefined)
  const pathOf = (key: string | undefined): ConfigPath => (key === undefined || key === short ? path : [...path, key])
  return {
    path,
    at: place.at,
    location: place.location,
    reading,
    keys: Object.keys(data).filter((key) => get(key) !== undefined),
    has: (key) => get(key) !== undefined,
    pathOf,
    locationOf: (key) => report.locate(pathOf(key), 'key').location,
    read: (key, kind) => kind.read(get(key)),
    readList: (key, kind) => readList(get(key), kind),
    template(key, sources, isUrl = false) {
      const mark = findForeignMark(get(key), sources, isUrl)
      if (mark) report.warn(pathOf(key), describeForeignMark(mark))
      return readTemplate(get(key), pathOf(key), sources, reading)
    },
    mapping: (key, shortKey) => readMapping(get(key), pathOf(key), reading, shortKey),
    mappings: (key, shortKey) => readMappings(get(key), pathOf(key), reading, shortKey),
    only: (keys) => createFields(Object.fromEntries(keys.map((key) => [key, get(key)])), path, reading, short),
    supposing: (key, value) => createFields({ [key]: value }, path, reading, short),
    error: (key, message, code) => report.error(pathOf(key), message, code),
    warn: (key, message, code) => report.warn(pathOf(key), message, code),
  }
}

/** Returns what a function reads, and the templates that it met. */
export function noteTemplates<T>({ templates }: Reading, read: () => T): readonly [T, readonly PlacedTemplate[]] {
  const before = templates.length
  const result = read()
  return [result, templates.slice(before)]
}

/** Notes the callback that `path` names, to be looked up when the listeners are read; a template names none. */
export function noteCallbackPath(fields: Fields, path: unknown): void {
  if (typeof path !== 'string' || path === '' || hasPlaceholder(path)) return
  fields.reading.callbackPaths.push({ path: fields.pathOf('path'), callback: unescapePlaceholders(path) })
}

function readList<T>(value: unknown, kind: Kind<T>): readonly T[] | undefined {
  if (value === undefined) return undefined
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  return items.flatMap((item) => {
    const read = kind.read(item)
    return read === undefined ? [] : [read]
  })
}

function readMapping(value: unknown, path: ConfigPath, reading: Reading, short?: string): Fields | undefined {
  if (isMapping(value)) return createFields(value, path, reading)
  const isShort = short !== undefined && typeof value !== 'object' && value !== undefined
  return isShort ? createFields({ [short]: value }, path, reading, short) : undefined
}

function readMappings(value: unknown, path: ConfigPath, reading: Reading, short?: string): readonly Fields[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((item: unknown, index) => readMapping(item, [...path, index], reading, short) ?? [])
}

function readTemplate(
  value: unknown,
  path: ConfigPath,
  sources: ReadonlySet<string>,
  { report, templates }: Reading,
): Template | undefined {
  if (value === undefined) return undefined
  const { at } = report.locate(path)
  const pathAt = (place: string): ConfigPath => [...path, ...findInside(value, place.slice(at.length))]
  const template = compileTemplate(value, {
    at,
    sources,
    explain: (source) => explainAbsence(source, sources),
    report({ at: place, message, code }) {
      const where = pathAt(place)
      report.error(where, describeBroken(message, where), code)
    },
    warn: (problem) => report.warn(pathAt(problem.at), problem.message, problem.code),
  })
  templates.push({ path, template })
  return template
}

/** Returns the steps to a place inside a template, which is written as `.a[0]`. */
function findInside(value: unknown, place: string): ConfigPath {
  if (place === '' || typeof value !== 'object' || value === null) return []
  for (const [key, item] of Object.entries(value)) {
    const step = Array.isArray(value) ? Number(key) : key
    const written = typeof step === 'number' ? formatPath([step]) : `.${step}`
    if (!place.startsWith(written)) continue
    const rest = findInside(item, place.slice(written.length))
    if (formatPath(rest).length > 0 || place === written) return [step, ...rest]
  }
  return []
}
