import type { RecordKind } from '../../../lib/base/contracts'

/** A new record. */
export interface Made {
  /** Milliseconds since the epoch. */
  readonly due: number
  /** JSON text. */
  readonly data: string
  readonly group?: string | undefined
  /** How many entries were cut from its log: 0, except in a snapshot of records that exist. */
  readonly cut?: number | undefined
}

interface Named {
  readonly kind: RecordKind
  readonly id: string
}

/** Creates a record; does nothing when it exists. */
export interface CreateOperation extends Named {
  readonly type: 'create'
  readonly made: Made
}

/** Appends JSON text. Without a record, it creates one from `made`, or does nothing when `made` is missing. */
export interface AppendOperation extends Named {
  readonly type: 'append'
  readonly entry: string
  readonly made: Made | undefined
  /** The group that the record moves to. */
  readonly group?: string | undefined
}

/** Creates a mark and appends; does neither when the mark exists. `made` is there only when the record does not exist. */
export interface ClaimOperation extends Named {
  readonly type: 'claim'
  readonly entry: string
  readonly made: Made | undefined
  readonly mark: string
  /** When the mark is due. */
  readonly markDue: number
}

export interface CutOperation extends Named {
  readonly type: 'cut'
  readonly upTo: number
  readonly entry: string
}

export interface TouchOperation extends Named {
  readonly type: 'touch'
  readonly due: number
  /** Whether it may set the time of a record whose handler runs. The journal leaves it out: while it is read, no handler runs. */
  readonly isKept: boolean
}

export interface RemoveOperation extends Named {
  readonly type: 'remove'
  /** The record is removed only when its log ends at this position. */
  readonly seen?: number | undefined
}

/** One change of the records, which is one line of the journal. */
export type Operation =
  CreateOperation | AppendOperation | ClaimOperation | CutOperation | TouchOperation | RemoveOperation

/** Returns the JSON text of an operation, which has no line break. */
export function formatOperation(operation: Operation): string {
  const { kind, id } = operation
  const type = operation.type === 'append' && operation.group !== undefined ? 'move' : operation.type
  return `["${type}","${kind}",${JSON.stringify(id)}${formatRest(operation)}]`
}

function formatRest(operation: Operation): string {
  switch (operation.type) {
    case 'create':
      return `,${formatMade(operation.made)}`
    case 'append': {
      const { entry, made, group } = operation
      const moved = group === undefined ? '' : `,${JSON.stringify(group)}`
      return `${moved},${entry}${made ? `,${formatMade(made)}` : ''}`
    }
    case 'claim': {
      const { entry, mark, markDue, made } = operation
      return `,${entry},${JSON.stringify(mark)},${markDue}${made ? `,${formatMade(made)}` : ''}`
    }
    case 'cut':
      return `,${operation.upTo},${operation.entry}`
    case 'touch':
      return `,${operation.due}`
    case 'remove':
      return operation.seen === undefined ? '' : `,${operation.seen}`
  }
}

/** Reads JSON text; undefined when it is no operation. */
export function parseOperation(text: string): Operation | undefined {
  const parts = parseJson(text)
  if (!Array.isArray(parts)) return undefined
  const [type, kind, id, ...rest]: unknown[] = parts
  if (!isKind(kind) || typeof id !== 'string' || typeof type !== 'string') return undefined
  return PARSERS.get(type)?.({ kind, id }, rest)
}

type Parser = (named: Named, parts: readonly unknown[]) => Operation | undefined

const PARSERS: ReadonlyMap<string, Parser> = new Map<string, Parser>([
  ['create', parseCreate],
  ['append', (named, parts) => parseAppend(named, parts)],
  ['move', parseMove],
  ['claim', parseClaim],
  ['cut', parseCut],
  ['touch', parseTouch],
  ['remove', parseRemove],
])

function formatMade({ due, data, group, cut }: Made): string {
  if (cut) return `${due},${data},${JSON.stringify(group ?? null)},${cut}`
  return `${due},${data}${group === undefined ? '' : `,${JSON.stringify(group)}`}`
}

function parseMade(parts: readonly unknown[]): Made | undefined {
  const [due, data, group = null, cut = 0] = parts
  if (parts.length < 2 || parts.length > 4 || typeof due !== 'number' || !isCount(cut)) return undefined
  if (group !== null && typeof group !== 'string') return undefined
  return { due, data: JSON.stringify(data), ...(group !== null && { group }), ...(cut > 0 && { cut }) }
}

function parseCreate(named: Named, parts: readonly unknown[]): Operation | undefined {
  const made = parseMade(parts)
  return made && { type: 'create', ...named, made }
}

function parseAppend(named: Named, parts: readonly unknown[], group?: string): Operation | undefined {
  const [entry, ...rest] = parts
  const made = parseMade(rest)
  if (parts.length === 0 || (rest.length > 0 && made === undefined)) return undefined
  return { type: 'append', ...named, entry: JSON.stringify(entry), made, group }
}

function parseMove(named: Named, [group, ...parts]: readonly unknown[]): Operation | undefined {
  return typeof group === 'string' ? parseAppend(named, parts, group) : undefined
}

function parseClaim(named: Named, parts: readonly unknown[]): Operation | undefined {
  const [entry, mark, markDue, ...rest] = parts
  const made = parseMade(rest)
  if (typeof mark !== 'string' || typeof markDue !== 'number') return undefined
  if (rest.length > 0 && made === undefined) return undefined
  return { type: 'claim', ...named, entry: JSON.stringify(entry), made, mark, markDue }
}

function parseCut(named: Named, parts: readonly unknown[]): Operation | undefined {
  const [upTo, entry] = parts
  if (parts.length !== 2 || !isCount(upTo)) return undefined
  return { type: 'cut', ...named, upTo, entry: JSON.stringify(entry) }
}

function parseTouch(named: Named, parts: readonly unknown[]): Operation | undefined {
  const [due] = parts
  if (parts.length !== 1 || typeof due !== 'number') return undefined
  return { type: 'touch', ...named, due, isKept: false }
}

function parseRemove(named: Named, parts: readonly unknown[]): Operation | undefined {
  const [seen] = parts
  if (parts.length === 0) return { type: 'remove', ...named }
  return parts.length === 1 && isCount(seen) ? { type: 'remove', ...named, seen } : undefined
}

/** Reads JSON; undefined for any other text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

const KINDS: readonly unknown[] = ['key', 'mark', 'run', 'owner'] satisfies readonly RecordKind[]

function isKind(value: unknown): value is RecordKind {
  return KINDS.includes(value)
}
