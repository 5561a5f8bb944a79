import { readQuoted, type Scanner } from './scanner'

/** One step of a path behind its source. */
export type Step =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly start: number | undefined; readonly end: number | undefined }
  | { readonly kind: 'all' }
  /** What only JSONPath can say, and everything behind it; always the last step. */
  | { readonly kind: 'jsonpath'; readonly expression: string }

/** A step as it is written: several keys at once are JSONPath too, but know their members. */
type WrittenStep = Step | { readonly kind: 'union'; readonly members: readonly (string | number)[] }
type PlainStep = Exclude<Step, { readonly kind: 'jsonpath' }>

interface Written {
  readonly step: WrittenStep
  readonly position: number
}

const MAX_STEPS = 100
const KEY = /[\p{L}\p{N}_$-][\p{L}\p{N}\p{M}_$-]*/uy
/** What JSONPath reads as a key when it stands without quotes; `$` alone is the root there. */
const SIMPLE_KEY = /^(?!\$$)[\p{L}\p{N}_$-][\p{L}\p{N}\p{M}_$-]*$/u
/** jsonpath-plus takes an end of 0 for none. */
const NO_ELEMENT = '[1:1]'
const INTEGER = /-?\d+/y
const SLICE = /(-?\d+)?:(-?\d+)?(?::(-?\d+))?/y

/** Parses `.name`, `[0]`, `["any key"]`, `[1:3]`, `[*]`, `..name`, `[0,2]` for as long as such steps follow. */
export function parseSteps(scanner: Scanner): readonly Step[] {
  const written: Written[] = []
  for (;;) {
    const { position } = scanner
    const step = parseStep(scanner)
    if (step === undefined) return rewrite(scanner, written)
    if (written.length === MAX_STEPS) throw scanner.error(`a path has at most ${MAX_STEPS} steps`, position)
    written.push({ step, position })
  }
}

/** Leaves a plain path as it is; otherwise JSONPath reads on from the first step that can give several values. */
function rewrite(scanner: Scanner, written: readonly Written[]): readonly Step[] {
  const plain = written.map(({ step }) => step).filter(isPlain)
  if (plain.length === written.length) return plain
  const from = written.findIndex(({ step }) => step.kind !== 'key' && step.kind !== 'index')
  const rest = written.slice(from).map((one) => describeStep(scanner, one))
  return [...plain.slice(0, from), { kind: 'jsonpath', expression: `$${rest.join('')}` }]
}

function isPlain(step: WrittenStep): step is PlainStep {
  return step.kind !== 'jsonpath' && step.kind !== 'union'
}

function parseStep(scanner: Scanner): WrittenStep | undefined {
  if (scanner.accept('..')) return { kind: 'jsonpath', expression: parseDescent(scanner) }
  if (scanner.accept('.')) return scanner.accept('*') ? { kind: 'all' } : { kind: 'key', key: parseKey(scanner) }
  if (scanner.accept('[')) return parseBracket(scanner)
  return undefined
}

function parseDescent(scanner: Scanner): string {
  if (scanner.peek('[')) return '..'
  if (scanner.accept('*')) return '..*'
  const { position } = scanner
  return `..${plainKey(scanner, parseKey(scanner), position)}`
}

function parseKey(scanner: Scanner): string {
  const key = scanner.match(KEY)?.[0]
  if (key === undefined) {
    throw scanner.error('a name is missing after "."; a name with other characters is written as ["the name"]')
  }
  return key
}

function parseBracket(scanner: Scanner): WrittenStep {
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
  const { position } = scanner
  const found = scanner.match(SLICE)
  if (!found) return undefined
  const [text, start, end, step = '1'] = found
  if (Number(step) < 1) throw scanner.error('the step of a slice is 1 or more', position)
  if (Number(step) > 1 && Number(end) !== 0) return { kind: 'jsonpath', expression: `[${text}]` }
  return { kind: 'slice', start: toBound(start), end: toBound(end) }
}

function toBound(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

function parseMembers(scanner: Scanner): WrittenStep {
  const first = parseMember(scanner)
  const members = [first]
  scanner.skipSpace()
  while (scanner.accept(',')) {
    scanner.skipSpace()
    members.push(parseMember(scanner))
    scanner.skipSpace()
  }
  if (members.length > 1) return { kind: 'union', members }
  return typeof first === 'number' ? { kind: 'index', index: first } : { kind: 'key', key: first }
}

function parseMember(scanner: Scanner): string | number {
  const quoted = readQuoted(scanner)
  if (quoted !== undefined) return quoted
  const index = scanner.match(INTEGER)?.[0]
  if (index === undefined)
    throw scanner.error('expected an index, a slice, "*" or a key in quotes, such as ["the key"]')
  return Number(index)
}

/** Writes a step for jsonpath-plus, which wants keys without quotes, so that only plain keys can be written. */
function describeStep(scanner: Scanner, { step, position }: Written): string {
  const describe = (member: string | number): string =>
    typeof member === 'number' ? describeIndex(member) : plainKey(scanner, member, position)
  switch (step.kind) {
    case 'key':
      return `[${describe(step.key)}]`
    case 'index':
      return `[${describe(step.index)}]`
    case 'slice':
      return step.end === 0 ? NO_ELEMENT : `[${step.start ?? ''}:${step.end ?? ''}]`
    case 'union':
      return `[${step.members.map(describe).join(',')}]`
    case 'all':
      return '[*]'
    case 'jsonpath':
      return step.expression
  }
}

/** jsonpath-plus counts from the end in slices only. */
function describeIndex(index: number): string {
  if (index >= 0) return String(index)
  return index === -1 ? '-1:' : `${index}:${index + 1}`
}

function plainKey(scanner: Scanner, key: string, position: number): string {
  if (SIMPLE_KEY.test(key)) return key
  throw scanner.error(`the key ${JSON.stringify(key)} cannot stand behind ".." or in a list of keys`, position)
}
