import type { RecordKind } from '../../lib/types'

/** One change of the records, as the journal has it. Data and entries are JSON text. */
export type Operation =
  /** Does nothing when there is one. */
  | { readonly type: 'create'; readonly kind: RecordKind; readonly id: string; readonly made: Made }
  /** Makes the record when there is none, if it says how; otherwise it does nothing then. */
  | {
      readonly type: 'append'
      readonly kind: RecordKind
      readonly id: string
      readonly entry: string
      readonly made: Made | undefined
    }
  | {
      readonly type: 'touch'
      readonly kind: RecordKind
      readonly id: string
      readonly due: number
      /** Whether it keeps a record that is just due, which nobody else can. Not in the journal, which knows no such time. */
      readonly isKept: boolean
    }
  | { readonly type: 'remove'; readonly kind: RecordKind; readonly id: string }

/** What a record is made with. */
export interface Made {
  /** Milliseconds since the epoch. */
  readonly due: number
  readonly data: string
}

const FORMAT = 'express-callbacks journal'
const VERSION = 1

/** The first line of a journal. */
export const HEADER = `${JSON.stringify({ format: FORMAT, version: VERSION })}\n`

/** Gives the line of an operation, which ends with a line break. */
export function formatOperation(operation: Operation): string {
  const start = `["${operation.type}","${operation.kind}",${JSON.stringify(operation.id)}`
  switch (operation.type) {
    case 'create':
      return `${start},${formatMade(operation.made)}]\n`
    case 'append':
      return `${start},${operation.entry}${operation.made ? `,${formatMade(operation.made)}` : ''}]\n`
    case 'touch':
      return `${start},${operation.due}]\n`
    case 'remove':
      return `${start}]\n`
  }
}

/** Reads a line; undefined when it holds no operation. */
export function parseOperation(line: string): Operation | undefined {
  const parts = parseJson(line)
  if (!Array.isArray(parts)) return undefined
  const [type, kind, id, ...rest]: unknown[] = parts
  if (!isKind(kind) || typeof id !== 'string') return undefined
  if (type === 'remove') return rest.length === 0 ? { type, kind, id } : undefined
  if (type === 'touch') return parseTouch(kind, id, rest)
  if (type === 'create') {
    const made = parseMade(rest)
    return made && { type, kind, id, made }
  }
  return type === 'append' ? parseAppend(kind, id, rest) : undefined
}

/** Says what a first line is: of this format, of a newer version of it, or of something else. */
export function judgeHeader(line: string): 'known' | 'newer' | 'foreign' {
  const header = parseJson(line)
  if (typeof header !== 'object' || header === null) return 'foreign'
  const { format, version }: { format?: unknown; version?: unknown } = header
  if (format !== FORMAT || typeof version !== 'number') return 'foreign'
  return version > VERSION ? 'newer' : 'known'
}

function formatMade({ due, data }: Made): string {
  return `${due},${data}`
}

function parseMade(parts: readonly unknown[]): Made | undefined {
  const [due, data] = parts
  return parts.length === 2 && typeof due === 'number' ? { due, data: JSON.stringify(data) } : undefined
}

function parseTouch(kind: RecordKind, id: string, parts: readonly unknown[]): Operation | undefined {
  const [due] = parts
  return parts.length === 1 && typeof due === 'number' ? { type: 'touch', kind, id, due, isKept: false } : undefined
}

function parseAppend(kind: RecordKind, id: string, parts: readonly unknown[]): Operation | undefined {
  const [entry, ...rest] = parts
  const made = parseMade(rest)
  if (parts.length === 0 || (rest.length > 0 && made === undefined)) return undefined
  return { type: 'append', kind, id, entry: JSON.stringify(entry), made }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const KINDS: readonly unknown[] = ['key', 'mark', 'run', 'owner'] satisfies readonly RecordKind[]

function isKind(value: unknown): value is RecordKind {
  return KINDS.includes(value)
}
