import { atNote, skipNotes } from './notes'
import { type Numeric, type Operator, parseNumber } from './numbers'
import { createScanner, readQuoted, type Scanner, type TemplateSyntaxError } from './scanner'
import { parseSteps, type Step } from './steps'

type Literal = string | Numeric | boolean | null

/** The tree of one template text. */
export type Node =
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'path'; readonly source: string; readonly steps: readonly Step[]; readonly text: string }
  | { readonly kind: 'arithmetic'; readonly operator: Operator; readonly left: Node; readonly right: Node }
  | {
      readonly kind: 'placeholder'
      readonly value: Node
      /** The conversions behind `as`, the first one first. */
      readonly types: readonly string[]
      readonly fallback: Node | undefined
      readonly text: string
    }
  /** The steps behind parentheses, as in `(body.data as json).id`. */
  | { readonly kind: 'member'; readonly value: Node; readonly steps: readonly Step[] }
  | { readonly kind: 'text'; readonly parts: readonly (string | Node)[] }

const MAX_NESTING = 50
/** How many operators, defaults or types may follow one another. */
const MAX_CHAIN = 50
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** As JSON writes them: `007` is a text. */
const WHOLE_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const NAME = /[\p{L}_][\p{L}\p{N}\p{M}_-]*/uy
const PORT = /:([\p{L}\p{N}_-]+)/uy
const AS = /as(?=[\s}|)])\s*/y
/** May have parameters in brackets, such as `audio/pcm[rate=24000, channels=1]`. */
const TYPE = /(?:\[[^\][|}]*\]|(?!@\()[^\s|})])+/y
const KEYWORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ['true', true],
  ['false', false],
  ['null', null],
])
const MINUS = 'a minus between two values needs a space on both sides, since names may contain "-"'

/**
 * Parses a text with `${…}` placeholders into a tree; `$${` is a literal `${`.
 * Throws {@link TemplateSyntaxError} with the column of the mistake.
 */
export function parseTemplate(text: string): Node {
  const scanner = createScanner(text)
  const parts = parseText(scanner, false, 0)
  const [only] = parts
  if (parts.length === 0) return { kind: 'literal', value: '' }
  if (parts.length === 1 && only !== undefined)
    return typeof only === 'string' ? { kind: 'literal', value: only } : only
  return { kind: 'text', parts }
}

/**
 * Reads text and placeholders to the end, or, inside a placeholder, to the `}`, `|` or `@(` that belongs to it: braces in
 * between are balanced, so that `| {}` can be a default.
 */
function parseText(scanner: Scanner, inside: boolean, depth: number): (string | Node)[] {
  const parts: (string | Node)[] = []
  let text = ''
  let open = 0
  const isEnd = (): boolean =>
    inside ? open === 0 && (scanner.peek('}') || scanner.peek('|') || atNote(scanner)) : scanner.atEnd()
  while (!isEnd()) {
    if (scanner.atEnd()) throw scanner.error('a "}" is missing')
    if (scanner.accept('$${')) {
      text += '${'
      open += 1
    } else if (scanner.accept('${')) {
      if (text !== '') parts.push(text)
      text = ''
      parts.push(parsePlaceholder(scanner, depth + 1))
    } else {
      const char = scanner.next()
      if (char === '{') open += 1
      if (char === '}') open -= 1
      text += char
    }
  }
  if (text !== '') parts.push(text)
  return parts
}

function parsePlaceholder(scanner: Scanner, depth: number): Node {
  if (depth > MAX_NESTING) throw scanner.error(`placeholders are nested deeper than ${MAX_NESTING}`)
  const start = scanner.position - 2
  scanner.skipSpace()
  if (scanner.peek('}')) throw scanner.error('"${}" is empty: name a source, such as ${body.id}')
  const value = parseSum(scanner, depth)
  const types = parseTypes(scanner)
  skipNotes(scanner)
  const fallback = parseFallback(scanner, depth)
  skipNotes(scanner)
  if (!scanner.accept('}')) throw unexpected(scanner)
  return { kind: 'placeholder', value, types, fallback, text: scanner.slice(start) }
}

function parseSum(scanner: Scanner, depth: number): Node {
  return parseChain(scanner, '+-', () => parseProduct(scanner, depth))
}

function parseProduct(scanner: Scanner, depth: number): Node {
  return parseChain(scanner, '*/%', () => parseOperand(scanner, depth))
}

function parseChain(scanner: Scanner, operators: string, parseNext: () => Node): Node {
  let left = parseNext()
  for (let length = 1; ; length += 1) {
    const operator = parseOperator(scanner, operators)
    if (operator === undefined) return left
    if (length > MAX_CHAIN) throw scanner.error(`more than ${MAX_CHAIN} operators stand in a row`)
    left = { kind: 'arithmetic', operator, left, right: parseNext() }
  }
}

function parseOperator(scanner: Scanner, operators: string): Operator | undefined {
  const operator = scanner.peekChar()
  if (!isOperator(operator) || !operators.includes(operator)) return undefined
  scanner.next()
  if (operator === '-' && !scanner.isSpace()) throw scanner.error(MINUS)
  scanner.skipSpace()
  return operator
}

function isOperator(text: string): text is Operator {
  return text === '+' || text === '-' || text === '*' || text === '/' || text === '%'
}

function parseOperand(scanner: Scanner, depth: number): Node {
  const node = parseBareOperand(scanner, depth)
  scanner.skipSpace()
  return node
}

function parseBareOperand(scanner: Scanner, depth: number): Node {
  if (scanner.accept('${')) return parsePlaceholder(scanner, depth + 1)
  if (scanner.peek('(')) return parseGroup(scanner, depth)
  const quoted = readQuoted(scanner)
  if (quoted !== undefined) return { kind: 'literal', value: quoted }
  const start = scanner.position
  const number = scanner.match(NUMBER)?.[0]
  if (number !== undefined) return { kind: 'literal', value: toFinite(scanner, number, start) }
  return parsePath(scanner)
}

function parseGroup(scanner: Scanner, depth: number): Node {
  if (depth >= MAX_NESTING) throw scanner.error(`parentheses are nested deeper than ${MAX_NESTING}`)
  const start = scanner.position
  scanner.next()
  scanner.skipSpace()
  const node = parseSum(scanner, depth + 1)
  const types = parseTypes(scanner)
  if (!scanner.accept(')')) {
    throw scanner.error('a ")" is missing; "|" stands behind the parentheses, or in a ${…} of its own')
  }
  const text = scanner.slice(start)
  const value: Node = types.length > 0 ? { kind: 'placeholder', value: node, types, fallback: undefined, text } : node
  const steps = parseSteps(scanner)
  return steps.length > 0 ? { kind: 'member', value, steps } : value
}

function parsePath(scanner: Scanner): Node {
  const start = scanner.position
  const name = scanner.match(NAME)?.[0]
  if (name === undefined) throw unexpected(scanner)
  const keyword = KEYWORDS.get(name)
  if (keyword !== undefined) return { kind: 'literal', value: keyword }
  const port = name === 'gateway' ? scanner.match(PORT)?.[1] : undefined
  const steps = parseSteps(scanner)
  return {
    kind: 'path',
    source: name,
    steps: port === undefined ? lowerHeader(name, steps) : [{ kind: 'key', key: port }, ...steps],
    text: scanner.slice(start),
  }
}

/** Header names are lower case in Node, in any case in a template: in `header`, and in `error.header`. */
function lowerHeader(source: string, steps: readonly Step[]): readonly Step[] {
  if (source === 'header') return lowerFirst(steps)
  const [first, ...rest] = steps
  return source === 'error' && first?.kind === 'key' && first.key === 'header' ? [first, ...lowerFirst(rest)] : steps
}

function lowerFirst([first, ...rest]: readonly Step[]): readonly Step[] {
  if (first?.kind === 'key') return [{ kind: 'key', key: first.key.toLowerCase() }, ...rest]
  if (first?.kind === 'jsonpath') return [{ kind: 'jsonpath', expression: first.expression.toLowerCase() }]
  return first === undefined ? [] : [first, ...rest]
}

function parseTypes(scanner: Scanner): readonly string[] {
  const types: string[] = []
  for (let type = parseType(scanner); type !== undefined; type = parseType(scanner)) {
    if (types.length === MAX_CHAIN) throw scanner.error(`more than ${MAX_CHAIN} types stand in a row`)
    types.push(type)
  }
  return types
}

function parseType(scanner: Scanner): string | undefined {
  if (!scanner.match(AS)) return undefined
  const type = scanner.match(TYPE)?.[0]
  if (type === undefined) throw scanner.error('a type is missing after "as"')
  scanner.skipSpace()
  return type
}

function parseFallback(scanner: Scanner, depth: number, length = 1): Node | undefined {
  if (!scanner.accept('|')) return undefined
  if (scanner.peek('|')) throw scanner.error('a default is written with one "|"')
  if (length > MAX_CHAIN) throw scanner.error(`more than ${MAX_CHAIN} defaults stand in a row`)
  scanner.skipSpace()
  const value = parseFallbackValue(scanner, depth)
  const fallback = parseFallback(scanner, depth, length + 1)
  if (fallback === undefined) return value
  return { kind: 'placeholder', value, types: [], fallback, text: '' }
}

function parseFallbackValue(scanner: Scanner, depth: number): Node {
  const quoted = readQuoted(scanner)
  if (quoted !== undefined) {
    scanner.skipSpace()
    const start = scanner.position
    const type = parseType(scanner)
    if (type !== undefined) throw misplacedType(scanner, type, start)
    return { kind: 'literal', value: quoted }
  }
  const start = scanner.position
  const parts = parseText(scanner, true, depth)
  const last = parts.at(-1)
  if (typeof last === 'string') {
    const word = last.trimEnd()
    const type = / as (\S+)$/.exec(word)?.[1]
    if (type !== undefined) throw misplacedType(scanner, type, start)
    parts.splice(-1, 1, ...[word].filter(Boolean))
  }
  const [only] = parts
  if (only === undefined) throw scanner.error('a default is missing after "|"; for empty text write ""', start)
  if (parts.length > 1) return { kind: 'text', parts }
  return typeof only === 'string' ? { kind: 'literal', value: parseWord(scanner, only, start) } : only
}

function parseWord(scanner: Scanner, word: string, start: number): Literal {
  const keyword = KEYWORDS.get(word)
  if (keyword !== undefined) return keyword
  return WHOLE_NUMBER.test(word) ? toFinite(scanner, word, start) : word
}

function toFinite(scanner: Scanner, text: string, start: number): Numeric {
  const number = parseNumber(text)
  if (number === undefined) throw scanner.error(`${text} is too large for a number`, start)
  return number
}

function misplacedType(scanner: Scanner, type: string, start: number): TemplateSyntaxError {
  const advice = 'it applies to the default too (a text that ends like this is written in quotes)'
  return scanner.error(`"as ${type}" belongs before the "|"; ${advice}`, start)
}

function unexpected(scanner: Scanner): TemplateSyntaxError {
  if (scanner.atEnd()) return scanner.error('a "}" is missing')
  const { position } = scanner
  if (/-\s+$/.test(scanner.slice(0))) return scanner.error(MINUS)
  const char = scanner.next()
  if (char === '?' || char === '&' || char === '=') {
    return scanner.error(
      `"${char}" is not part of the template language; a default is written as \${value | default}`,
      position,
    )
  }
  if (char === '{') {
    const meant = /^\s*([^{}]{1,100}?)\s*\}\}/.exec(scanner.rest())?.[1] ?? ''
    const advice = meant === '' ? '' : `; write "\${${meant}}"`
    return scanner.error(`"{" was not expected here; a template has one pair of braces: \${…}${advice}`, position)
  }
  return scanner.error(`"${char}" was not expected here`, position)
}
