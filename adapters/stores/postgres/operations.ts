import type { RecordKind } from '../../../lib/base/contracts'

/** A change of one record, or a message; see `createApplyFunction`. All texts are JSON, in one line. */
export interface Operation {
  readonly op: 'c' | 'm' | 'a' | 't' | 'x' | 'k' | 'r' | 'h' | 'n'
  readonly kind?: RecordKind
  readonly id?: string
  readonly entry?: string
  /** What the record is created with when there is none. */
  readonly data?: string
  readonly ttlMs?: number
  /** The group of a new record. */
  readonly group?: string | undefined
  /** The group that the record moves to. */
  readonly move?: string | undefined
  readonly number?: number | undefined
  /** A mark that is created in the same step, or nothing is done. */
  readonly claim?: { readonly mark: string; readonly ttlMs: number } | undefined
  /** When the record is due from then on, if it claims a mark. */
  readonly dueMs?: number | undefined
}

/** A batch as the function of the server takes it. */
export interface EncodedBatch {
  readonly values: readonly string[]
  /** Returns the result of each operation, in the order in which they were given. */
  decode(answer: string): readonly number[]
}

/** A line of a batch, and the operations that its number is the answer to. */
interface Line {
  readonly operation: Operation
  readonly of: readonly number[]
  readonly needs?: Line | undefined
}

/** A message that lets every process look for due records at once. */
export const WAKE = '!'

/** Messages share a notification up to this size, in characters, so that they need not be sent by reference. */
const MESSAGES_LENGTH = 2_000
/** A hundred years. A longer time to live is cut to it, so that it fits into a timestamp of the server. */
const MAX_TTL_MS = 100 * 365 * 86_400_000

/** Encodes operations, in the order in which every process locks records. */
export function encodeBatch(operations: readonly Operation[]): EncodedBatch {
  const lines = toLines(operations)
  const places = new Map(lines.map((line, index) => [line, index + 1]))
  const column = (read: (line: Line) => string | number | undefined): string =>
    lines.map((line) => read(line) ?? '').join('\n')
  return {
    values: [
      column(({ operation }) => operation.op),
      column(({ operation }) => operation.kind),
      column(({ operation }) => operation.id),
      column(({ operation }) => operation.entry),
      column(({ operation }) => operation.data),
      column(({ operation: { ttlMs } }) =>
        ttlMs === undefined ? undefined : Math.min(Math.max(ttlMs, 0), MAX_TTL_MS),
      ),
      column(({ operation }) => operation.group),
      column(({ operation }) => operation.move),
      column(({ operation, needs }) => (needs === undefined ? operation.number : places.get(needs))),
    ],
    decode(answer) {
      const numbers = answer.split(',').map(Number)
      const decoded = operations.map(() => 0)
      for (const [index, { of }] of lines.entries()) for (const place of of) decoded[place] = numbers[index] ?? 0
      return decoded
    },
  }
}

/** Returns the records that an operation changes: its own, and the mark that it claims. */
export function recordsOf({
  kind,
  id,
  claim,
}: Operation): readonly { readonly kind: RecordKind; readonly id: string }[] {
  const own = kind === undefined || id === undefined ? [] : [{ kind, id }]
  return claim === undefined ? own : [...own, { kind: 'mark', id: claim.mark }]
}

function toLines(operations: readonly Operation[]): readonly Line[] {
  const lines: Line[] = []
  const messages: { texts: string[]; of: number[]; length: number }[] = []
  for (const [index, operation] of operations.entries()) {
    if (operation.entry === WAKE) lines.push({ operation, of: [index] })
    else if (operation.op === 'n') addMessage(messages, operation.entry ?? 'null', index)
    else lines.push(...toLine(operation, index))
  }
  const sorted = lines.toSorted(compareLines)
  for (const { texts, of } of messages) sorted.push({ operation: { op: 'n', entry: `[${texts.join(',')}]` }, of })
  return sorted
}

function toLine(operation: Operation, index: number): readonly Line[] {
  const { claim } = operation
  if (claim === undefined) return [{ operation, of: [index] }]
  const { mark, ttlMs } = claim
  const needs: Line = { operation: { op: 'm', kind: 'mark', id: mark, data: 'null', ttlMs }, of: [] }
  const lines: readonly Line[] = [needs, { operation, of: [index], needs }]
  const { dueMs, kind, id } = operation
  if (dueMs === undefined || kind === undefined || id === undefined) return lines
  return [...lines, { operation: { op: 't', kind, id, ttlMs: dueMs }, of: [], needs }]
}

function addMessage(messages: { texts: string[]; of: number[]; length: number }[], text: string, index: number): void {
  let last = messages.at(-1)
  if (last === undefined || last.length + text.length > MESSAGES_LENGTH) {
    last = { texts: [], of: [], length: 0 }
    messages.push(last)
  }
  last.texts.push(text)
  last.of.push(index)
  last.length += text.length
}

/** Marks come first, since other lines may need them; lines of one record stay in their order. */
function compareLines({ operation: one }: Line, { operation: other }: Line): number {
  return (
    Number(other.kind === 'mark') - Number(one.kind === 'mark') ||
    compare(one.kind, other.kind) ||
    compare(one.id, other.id)
  )
}

function compare(one = '', other = ''): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
