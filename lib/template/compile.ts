import { CallbackError, type Problem, reasonOf } from '../base/errors'
import { isSecretName } from '../base/secrets/secret-names'
import { isMapping } from '../base/values/plain'
import { findConversion, isNumberType, toText } from './convert'
import { cut } from './excerpt'
import { compileFields } from './fields'
import { calculate, type Numeric, parseNumber } from './numbers'
import { type Node, parseTemplate } from './parse'
import { compileMember, compilePath } from './path'
import { TemplateSyntaxError } from './scanner'
import type { Step } from './steps'

/** What a template reads from: an object with a property, or a getter, for each source. */
export type Scope = object

type Render = (scope: Scope) => unknown

/** A path that a template reads, with all of its steps. */
export interface ReadPath {
  readonly source: string
  readonly steps: readonly Step[]
  /** As it is written between `${` and `}`. */
  readonly text: string
  /** Whether a `| default` follows it. */
  readonly hasDefault: boolean
}

/** A path that a template reads, such as `env` with `['TOKEN']`; it leaves out `[*]` and slices. */
export interface Reference {
  readonly source: string
  readonly path: readonly (string | number)[]
  /** Whether a `| default` follows it. */
  readonly hasDefault: boolean
  /** Whether it is a JSONPath query, which gives a list of hits. */
  readonly isQuery: boolean
}

/** A compiled template: a value of any shape in which every text may hold placeholders. */
export interface Template {
  /** The value as it was written. */
  readonly source: unknown
  /** Returns the rendered value; throws `ERR_TEMPLATE` for a conversion or an arithmetic that fails. Missing is null. */
  readonly render: Render
  readonly references: readonly Reference[]
  /** The same paths, with all of their steps. */
  readonly reads: readonly ReadPath[]
  /** Whether it converts or calculates numbers, or holds one beyond 2^53. */
  readonly mayGiveBigInt: boolean
}

export interface TemplateOptions {
  /** Where the template stands, for messages. */
  readonly at: string
  /** The names that may be read; any name when left out. An unknown one is a problem. */
  readonly sources?: ReadonlySet<string>
  /** Returns why a name that may not be read has no value here; undefined for a name that is just unknown. */
  readonly explain?: (source: string) => string | undefined
  /** Receives every problem of the template; without it the first one is thrown as `ERR_TEMPLATE`. */
  readonly report?: (problem: Problem) => void
  /** Receives what is odd but allowed, such as an unknown `as` type. */
  readonly warn?: (problem: Problem) => void
}

/** What one compilation carries along: the options and the paths that it finds. */
interface Compilation extends TemplateOptions {
  readonly reads: ReadPath[]
  readonly noteBigInt: () => void
}

const MAX_DEPTH = 100
/** Characters of a value in a message. */
const LONGEST_QUOTE = 60

/** Compiles a template of any shape into closures; nothing is parsed when it is rendered. */
export function compileTemplate(source: unknown, options: TemplateOptions): Template {
  const reads: ReadPath[] = []
  let mayGiveBigInt = false
  const noteBigInt = (): void => {
    mayGiveBigInt = true
  }
  const render = compileValue(source, { ...options, reads, noteBigInt }, 0)
  return { source, render, references: reads.map(toReference), reads, mayGiveBigInt }
}

function compileValue(value: unknown, context: Compilation, depth: number): Render {
  if (depth > MAX_DEPTH) return refuse(`The template is nested deeper than ${MAX_DEPTH}`, context)
  if (typeof value === 'string') return compileText(value, context)
  if (Array.isArray(value)) return compileList(value, context, depth)
  if (isMapping(value)) return compileMapping(value, context, depth)
  return compileLiteral(value, context)
}

function compileLiteral(value: unknown, context: Compilation): Render {
  if (typeof value === 'bigint') context.noteBigInt()
  return () => value
}

function compileText(text: string, context: Compilation): Render {
  try {
    return compileNode(parseTemplate(text), context, false)
  } catch (error) {
    if (error instanceof TemplateSyntaxError) return refuse(`Broken template: ${error.message}`, context)
    throw error
  }
}

function compileList(list: readonly unknown[], context: Compilation, depth: number): Render {
  const renders = list.map((item, index) =>
    compileValue(item, { ...context, at: `${context.at}[${index}]` }, depth + 1),
  )
  return (scope) => renders.map((render) => render(scope))
}

function compileMapping(mapping: Readonly<Record<string, unknown>>, context: Compilation, depth: number): Render {
  const fields = Object.entries(mapping).map(([key, value]) => ({
    key,
    render: compileValue(value, { ...context, at: context.at === '' ? key : `${context.at}.${key}` }, depth + 1),
  }))
  if (fields.some(({ key }) => key === '__proto__')) return refuse('"__proto__" cannot be a key', context)
  return compileFields(fields)
}

function compileNode(node: Node, context: Compilation, hasDefault: boolean): Render {
  switch (node.kind) {
    case 'literal':
      return compileLiteral(node.value, context)
    case 'path':
      return compileReference(node, context, hasDefault)
    case 'arithmetic':
      return compileArithmetic(node, context, hasDefault)
    case 'placeholder':
      return compilePlaceholder(node, context, hasDefault)
    case 'member':
      return compileMember(compileNode(node.value, context, hasDefault), node.steps)
    case 'text':
      return compileParts(node.parts, context)
  }
}

function compileReference(node: Extract<Node, { kind: 'path' }>, context: Compilation, hasDefault: boolean): Render {
  context.reads.push({ source: node.source, steps: node.steps, text: node.text, hasDefault })
  if (context.sources && !context.sources.has(node.source)) {
    const reason = context.explain?.(node.source)
    if (reason !== undefined) return refuse(`\${${node.text}} has no value here: ${reason}`, context)
    const known = [...context.sources].join(', ')
    return refuse(`Unknown source "${node.source}" in \${${node.text}}. What can be read here: ${known}`, context)
  }
  return compilePath(node.source, node.steps)
}

function toReference({ source, steps, hasDefault }: ReadPath): Reference {
  return {
    source,
    path: steps.flatMap(plainStep),
    hasDefault,
    isQuery: steps.some((step) => step.kind === 'jsonpath'),
  }
}

function plainStep(step: Step): (string | number)[] {
  if (step.kind === 'key') return [step.key]
  return step.kind === 'index' ? [step.index] : []
}

function compilePlaceholder(
  node: Extract<Node, { kind: 'placeholder' }>,
  context: Compilation,
  hasDefault: boolean,
): Render {
  const value = compileNode(node.value, context, hasDefault || node.fallback !== undefined)
  const fallback = node.fallback && compileNode(node.fallback, context, hasDefault)
  const withDefault: Render = fallback ? (scope) => value(scope) ?? fallback(scope) : value
  return node.types.reduce((read, type) => compileType(read, type, node, context), withDefault)
}

function compileType(read: Render, type: string, node: Node & { kind: 'placeholder' }, context: Compilation): Render {
  const convert = findConversion(type)
  if (convert === undefined) {
    warnOfType(type, node.text, context)
    return read
  }
  if (isNumberType(type)) context.noteBigInt()
  return (scope) => {
    const found = read(scope)
    try {
      return convert(found)
    } catch (error) {
      throw failure(`${node.text} cannot be read from ${showFor(node, found)}: ${reasonOf(error)}`, context)
    }
  }
}

function compileArithmetic(
  node: Extract<Node, { kind: 'arithmetic' }>,
  context: Compilation,
  hasDefault: boolean,
): Render {
  const left = compileNode(node.left, context, hasDefault)
  const right = compileNode(node.right, context, hasDefault)
  context.noteBigInt()
  const toOperand = (value: unknown, operand: Node): Numeric => {
    const number = parseNumber(value)
    if (number === undefined)
      throw failure(`${nameOf(operand)} is ${showFor(operand, value)}, which is no number`, context)
    return number
  }
  return (scope) => {
    const a = left(scope)
    const b = right(scope)
    if (a === null || a === undefined || b === null || b === undefined) return null
    const result = calculate(node.operator, toOperand(a, node.left), toOperand(b, node.right))
    if (typeof result === 'number' && !Number.isFinite(result))
      throw failure(`${nameOf(node.left)} ${node.operator} ${nameOf(node.right)} has no finite result`, context)
    return result
  }
}

function compileParts(parts: readonly (string | Node)[], context: Compilation): Render {
  const [before, node, after = '', ...more] = typeof parts[0] === 'string' ? parts : ['', ...parts]
  if (typeof before === 'string' && typeof node === 'object' && typeof after === 'string' && more.length === 0) {
    const only = compileNode(node, context, false)
    return (scope) => before + toText(only(scope)) + after
  }
  const renders = parts.map((part) => (typeof part === 'string' ? () => part : compileNode(part, context, false)))
  return (scope) => {
    let text = ''
    for (const render of renders) text += toText(render(scope))
    return text
  }
}

/** Hands a problem to the caller, or throws it when nobody collects problems. */
function refuse(message: string, context: Compilation): Render {
  if (context.report === undefined) throw failure(message, context)
  context.report({ code: 'ERR_CONFIG_TEMPLATE', message, at: context.at })
  return () => null
}

function warnOfType(type: string, text: string, context: Compilation): void {
  const message = `Unknown type "${type}" in ${text}; the value is left as it is`
  context.warn?.({ code: 'ERR_CONFIG_TEMPLATE', message, at: context.at })
}

function failure(message: string, context: Compilation): CallbackError {
  return new CallbackError('ERR_TEMPLATE', { message, at: context.at })
}

function nameOf(node: Node): string {
  if (node.kind === 'path') return `\${${node.text}}`
  if (node.kind === 'placeholder') return node.text
  if (node.kind === 'literal') return show(node.value)
  if (node.kind === 'member') return nameOf(node.value)
  return 'The arithmetic'
}

/** Values of the environment, of headers, queries and tickets count as secrets, and those that are named like one. */
function showFor(node: Node, value: unknown): string {
  return readsSecret(node) ? 'a value that is not shown' : show(value)
}

const SECRET_SOURCES: ReadonlySet<string> = new Set(['env', 'header', 'query', 'callback'])

function readsSecret(node: Node): boolean {
  switch (node.kind) {
    case 'literal':
      return false
    case 'path':
      return SECRET_SOURCES.has(node.source) || node.steps.some(isSecretStep)
    case 'arithmetic':
      return readsSecret(node.left) || readsSecret(node.right)
    case 'placeholder':
      return readsSecret(node.value) || (node.fallback !== undefined && readsSecret(node.fallback))
    case 'member':
      return readsSecret(node.value) || node.steps.some(isSecretStep)
    case 'text':
      return node.parts.some((part) => typeof part !== 'string' && readsSecret(part))
  }
}

function isSecretStep(step: Step): boolean {
  return step.kind === 'key' && isSecretName(step.key)
}

function show(value: unknown): string {
  return cut(typeof value === 'string' ? JSON.stringify(value) : toText(value), LONGEST_QUOTE)
}
