import type { Document, LineCounter, Node, Pair, ParsedNode, YAMLError } from 'yaml'
import { type Location, type Problem, reasonOf } from '../../base/errors'
import { describeFound } from '../field/found'
import type { ConfigPath } from '../../base/values/config-path'
import { isMapping } from '../../base/values/plain'
import { settleScalars, WrittenScalar } from './scalars'
import { adviseOnYaml } from './yaml-advice'
import { configShape } from '../schema'
import type { ConfigDocument } from './source'

type YamlLibrary = typeof import('yaml')

/** Loaded on first use: a config that is written as an object never needs it. */
function yamlLibrary(): YamlLibrary {
  return require('yaml')
}

/** The result of reading one YAML text: its document, or everything wrong with its syntax. */
export interface ParsedYaml {
  readonly document: ConfigDocument | undefined
  readonly problems: readonly Problem[]
}

interface Reading {
  readonly tree: Document.Parsed
  readonly lines: LineCounter
  /** The position of a template that YAML takes for a mapping. */
  readonly unquoted: readonly number[]
}

/** How many values all aliases together may stand for. */
const MAX_ALIASES = 10_000
const MAX_REPAIRS = 100
/** Integers are read with all their digits first. */
const OPTIONS = { prettyErrors: false, merge: true, logLevel: 'error', intAsBigInt: true } as const

/** Parses one YAML 1.2 text, an empty one to an empty document; `file` names it in every place. */
export function parseYaml(text: string, file: string): ParsedYaml {
  const problems: Problem[] = []
  const { tree, lines, unquoted } = readTree(text)
  const locate = (position: number): Location => {
    const { line, col } = lines.linePos(position)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const refuse = (message: string, position: number): void => {
    problems.push({ code: 'ERR_CONFIG_YAML', message, at: '', location: locate(position) })
  }

  for (const position of unquoted)
    refuse('inside { } and [ ] a template must stand in quotes: "${…}"; YAML takes its { for a mapping', position)
  for (const { code, message, pos } of firstOfLines([...tree.errors, ...tree.warnings], lines))
    refuse(
      `invalid YAML: ${code === 'MULTIPLE_DOCS' ? SECOND_DOCUMENT : withoutQuote(message)}${adviseOnYaml(code)}`,
      pos[0],
    )
  if (problems.length > 0) return { document: undefined, problems: problems.toSorted(byPosition) }

  const data = toData(tree, refuse)
  if (problems.length > 0) return { document: undefined, problems }
  return { document: { data, locate: (path, target) => locate(findPosition(tree, path, target)) }, problems }
}

const SECOND_DOCUMENT = 'a second document begins here; a file holds one, and loadConfig takes several files'

/** The library quotes the text that it could not read, which may be a password without quotes. The place is enough. */
function withoutQuote(message: string): string {
  const text = message.replace(QUOTING, '$1')
  const quote = text.endsWith('"') ? text.indexOf(': "') : -1
  return quote < 0 ? text : text.slice(0, quote)
}

const QUOTING =
  /^((?:Unresolved (?:alias|tag)\b|Could not resolve tag|Not a valid tag|Not a YAML token|Block scalar header)[^:]*):.*$/s

/** The parser reports one mistake several times in its line. */
function firstOfLines(errors: readonly YAMLError[], lines: LineCounter): readonly YAMLError[] {
  const seen = new Set<number>()
  return errors
    .toSorted((left, right) => left.pos[0] - right.pos[0])
    .filter(({ pos }) => {
      const { line } = lines.linePos(pos[0])
      return !seen.has(line) && seen.add(line)
    })
}

function byPosition({ location: left }: Problem, { location: right }: Problem): number {
  return (left?.line ?? 0) - (right?.line ?? 0) || (left?.column ?? 0) - (right?.column ?? 0)
}

/**
 * Parses the text, and repeats that while an unquoted template breaks it: the template is replaced by text of the same
 * length, so that the rest keeps its places.
 */
function readTree(text: string): Reading {
  const { LineCounter, parseDocument } = yamlLibrary()
  const unquoted: number[] = []
  let readable = text
  for (;;) {
    const lines = new LineCounter()
    const tree = parseDocument(readable, { ...OPTIONS, lineCounter: lines })
    const position = tree.errors
      .map(({ pos }) => pos[0] - 1)
      .find((start) => start >= 0 && readable.startsWith('${', start))
    if (position === undefined || unquoted.length >= MAX_REPAIRS) return { tree, lines, unquoted }
    unquoted.push(position)
    readable = blankTemplate(readable, position)
  }
}

function blankTemplate(text: string, start: number): string {
  const end = findTemplateEnd(text, start)
  return text.slice(0, start) + 'x'.repeat(end - start) + text.slice(end)
}

function findTemplateEnd(text: string, start: number): number {
  let depth = 0
  for (let index = start + 1; index < text.length && text[index] !== '\n'; index += 1) {
    if (text[index] === '{') depth += 1
    if (text[index] === '}') depth -= 1
    if (depth === 0) return index + 1
  }
  return start + 2
}

function toData(tree: Document.Parsed, refuse: (message: string, position: number) => void): unknown {
  keepSources(tree)
  try {
    const data = settleScalars(configShape, tree.toJS({ maxAliasCount: MAX_ALIASES }) ?? {})
    if (!isMapping(data)) refuse(`expected a mapping at the top, found ${describeFound(data, [])}`, 0)
    return data
  } catch (error) {
    // The library throws for an alias without anchor and for more aliases than allowed.
    refuse(`invalid YAML: ${withoutQuote(reasonOf(error))}`, findLoneAlias(tree))
    return undefined
  }
}

/** Returns the position of the first alias without an anchor; 0 when there is none. */
function findLoneAlias(tree: Document.Parsed): number {
  const { visit } = yamlLibrary()
  let position = 0
  visit(tree, {
    Alias(_key, alias) {
      if (alias.resolve(tree) !== undefined) return undefined
      position = startOf(alias) ?? 0
      return visit.BREAK
    },
  })
  return position
}

/** A key is its text. Any other scalar keeps its text beside its value until its place in the shape is known. */
function keepSources(tree: Document.Parsed): void {
  yamlLibrary().visit(tree, {
    Scalar(key, node) {
      const { value, source } = node
      if (source === undefined || typeof value === 'string' || typeof value === 'symbol') return
      if (key === 'key') node.value = source
      else if (value !== null) node.value = toScalar(value, source)
    },
  })
}

function toScalar(read: unknown, source: string): unknown {
  const value = typeof read === 'bigint' ? narrow(read) : read
  return new WrittenScalar(value, source)
}

function narrow(integer: bigint): number | bigint {
  const number = Number(integer)
  return Number.isSafeInteger(number) ? number : integer
}

/** Returns the position of the deepest part of a path in the text: of a scalar itself, or of the key of a collection. */
function findPosition(tree: Document.Parsed, path: ConfigPath, target: 'key' | 'value'): number {
  const { isAlias, isMap, isScalar, isSeq } = yamlLibrary()
  let position = startOf(tree.contents) ?? 0
  let node: Node | null | undefined = tree.contents
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(tree)
    const isWanted = target === 'value' || index < path.length - 1
    if (isMap<ParsedNode, ParsedNode | null>(node)) {
      const pair: Pair<ParsedNode, ParsedNode | null> | undefined = node.items.find(({ key }) => isKey(key, step))
      if (pair === undefined) return position
      position = startOf(pair.key) ?? position
      node = pair.value
    } else if (isSeq<ParsedNode>(node) && typeof step === 'number') {
      node = node.items[step]
      position = startOf(node) ?? position
    } else {
      return position
    }
    if (isWanted && isScalar(node)) position = startOf(node) ?? position
  }
  return position
}

function isKey(key: ParsedNode, step: string | number): boolean {
  return 'value' in key && String(key.value) === String(step)
}

function startOf(node: Node | null | undefined): number | undefined {
  return node?.range?.[0]
}
