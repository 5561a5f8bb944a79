import type { Scanner } from './scanner'

/** One step of a path behind its source. */
export type Step =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly start: number | undefined; readonly end: number | undefined }
  | { readonly kind: 'all' }
  /** What only JSONPath can say, and everything behind it; always the last step. */
  | { readonly kind: 'jsonpath'; readonly expression: string }

type BracketStep = Step | { readonly kind: 'union'; readonly members: readonly string[] }

const KEY = /[\p{L}\p{N}_$-]+/uy
const SIMPLE_KEY = /^[\p{L}\p{N}_-]+$/u
const INTEGER = /-?\d+/y
const SLICE = /(-?\d*):(-?\d*)(?::(\d+))?/y

/** Parses `.name`, `[0]`, `["any key"]`, `[1:3]`, `[*]`, `..name`, `[0,2]` for as long as such steps follow. */
export function parseSteps(scanner: Scanner): readonly Step[] {
  const steps: Step[] = []
  let jsonPath = ''
  for (;;) {
    if (scanner.accept('..')) jsonPath = (jsonPath || toJsonPath(scanner, steps)) + parseDescent(scanner)
    else {
      const step = parseStep(scanner)
      if (step === undefined) break
      if (jsonPath !== '' || step.kind === 'union' || step.kind === 'jsonpath') {
        jsonPath = (jsonPath || toJsonPath(scanner, steps)) + describeStep(scanner, step)
      } else steps.push(step)
    }
  }
  return jsonPath === '' ? steps : [{ kind: 'jsonpath', expression: `$${jsonPath}` }]
}

function parseStep(scanner: Scanner): BracketStep | undefined {
  if (scanner.accept('.')) return scanner.accept('*') ? { kind: 'all' } : { kind: 'key', key: parseKey(scanner) }
  if (scanner.accept('[')) return parseBracket(scanner)
  return undefined
}

function parseDescent(scanner: Scanner): string {
  if (scanner.peek('[')) return '..'
  if (scanner.accept('*')) return '..*'
  return `..${parseKey(scanner)}`
}

function parseKey(scanner: Scanner): string {
  const key = scanner.match(KEY)?.[0]
  if (key === undefined) {
    throw scanner.error('a name is missing after "."; a name with other characters is written as ["the name"]')
  }
  return key
}

function parseBracket(scanner: Scanner): BracketStep {
  scanner.skipSpace()
  if (scanner.peek('?') || scanner.peek('(')) {
    throw scanner.error('filters and scripts, "?(…)" and "(…)", are not allowed in a path')
  }
  const step = scanner.accept('*') ? { kind: 'all' as const } : (parseSlice(scanner) ?? parseMembers(scanner))
  scanner.skipSpace()
  if (!scanner.accept(']')) throw scanner.error('a "]" is missing, or the key must stand in quotes: ["the key"]')
  return step
}

function parseSlice(scanner: Scanner): Step | undefined {
  const found = scanner.match(SLICE)
  if (!found) return undefined
  const [text, start, end, step] = found
  if (step !== undefined && step !== '1') return { kind: 'jsonpath', expression: `[${text}]` }
  return { kind: 'slice', start: toBound(start), end: toBound(end) }
}

function toBound(text: string | undefined): number | undefined {
  return text === undefined || text === '' || text === '-' ? undefined : Number(text)
}

function parseMembers(scanner: Scanner): BracketStep {
  const first = parseMember(scanner)
  const members = [String(first)]
  scanner.skipSpace()
  while (scanner.accept(',')) {
    scanner.skipSpace()
    members.push(String(parseMember(scanner)))
    scanner.skipSpace()
  }
  if (members.length > 1) return { kind: 'union', members }
  return typeof first === 'number' ? { kind: 'index', index: first } : { kind: 'key', key: first }
}

function parseMember(scanner: Scanner): string | number {
  const quote = scanner.peekChar()
  if (quote === '"' || quote === "'") return parseQuotedKey(scanner, quote)
  const index = scanner.match(INTEGER)?.[0]
  if (index === undefined)
    throw scanner.error('expected an index, a slice, "*" or a key in quotes, such as ["the key"]')
  return Number(index)
}

function parseQuotedKey(scanner: Scanner, quote: string): string {
  const start = scanner.position
  scanner.next()
  let key = ''
  while (!scanner.accept(quote)) {
    if (scanner.atEnd()) throw scanner.error(`the closing ${quote} is missing`, start)
    scanner.accept('\\')
    key += scanner.next()
  }
  return key
}

function toJsonPath(scanner: Scanner, steps: readonly Step[]): string {
  return steps.map((step) => describeStep(scanner, step)).join('')
}

/** Writes a step for jsonpath-plus, which wants keys without quotes, so that only plain keys can be written. */
function describeStep(scanner: Scanner, step: BracketStep): string {
  switch (step.kind) {
    case 'key':
      return `[${plainKey(scanner, step.key)}]`
    case 'index':
      return step.index < 0 ? `[${step.index}:${step.index === -1 ? '' : step.index + 1}]` : `[${step.index}]`
    case 'slice':
      return `[${step.start ?? ''}:${step.end ?? ''}]`
    case 'union':
      return `[${step.members.map((member) => plainKey(scanner, member)).join(',')}]`
    case 'all':
      return '[*]'
    case 'jsonpath':
      return step.expression
  }
}

function plainKey(scanner: Scanner, key: string): string {
  if (SIMPLE_KEY.test(key)) return key
  throw scanner.error(`the key ${JSON.stringify(key)} cannot stand in one path with ".." or a list of keys`)
}
