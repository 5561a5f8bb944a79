import type { LedgerRecord, RecordKind } from '../../lib/types'
import { createDueQueue, type DueQueue, type Queued } from './due-queue'
import type { Made, Operation } from './file-operations'

/** A record in memory. Its data and its entries stay JSON text, which takes less room and cannot be changed. */
export interface LiveRecord extends Queued {
  readonly kind: RecordKind
  readonly id: string
  readonly data: string
  /** It only grows. */
  readonly log: string[]
  /** Milliseconds since the epoch. */
  due: number
  /** Whether it is being dealt with: its time cannot be set anew then. */
  isDue: boolean
  /** About how many bytes its lines take in a journal. */
  bytes: number
}

/** A record as it was at some moment: since its log only grows, its length then says enough. */
export interface CapturedRecord {
  readonly record: LiveRecord
  readonly due: number
  readonly length: number
}

/** Every record of a ledger, changed by operations alone: by the same ones while they are written and when they are read. */
export interface Records {
  /** In the order in which they are due. */
  readonly queue: DueQueue<LiveRecord>
  /** About how many bytes a journal of nothing else would have. */
  readonly bytes: number
  find(kind: RecordKind, id: string): LiveRecord | undefined
  ids(kind: RecordKind): readonly string[]
  /** Gives the length of the log, or for `touch` 1 when it could be done; otherwise 0. */
  apply(operation: Operation): number
  /** How they are now; later operations do not change it. */
  capture(): readonly CapturedRecord[]
}

/** What a line takes besides its id and its JSON. */
const LINE_BYTES = 35

export function createRecords(): Records {
  const queue = createDueQueue<LiveRecord>()
  const kinds: Readonly<Record<RecordKind, Map<string, LiveRecord>>> = {
    key: new Map(),
    mark: new Map(),
    run: new Map(),
    owner: new Map(),
  }
  let bytes = 0

  function grow(record: LiveRecord, json: string): void {
    const more = LINE_BYTES + record.id.length + Buffer.byteLength(json)
    record.bytes += more
    bytes += more
  }

  function make(kind: RecordKind, id: string, { due, data }: Made): LiveRecord {
    const record: LiveRecord = { kind, id, data, log: [], due, isDue: false, bytes: 0, at: due, place: -1 }
    kinds[kind].set(id, record)
    queue.set(record, due)
    grow(record, data)
    return record
  }

  function append(record: LiveRecord | undefined, entry: string): number {
    if (record === undefined) return 0
    grow(record, entry)
    return record.log.push(entry)
  }

  function touch(record: LiveRecord | undefined, due: number, isKept: boolean): number {
    if (record === undefined || (record.isDue && !isKept)) return 0
    record.due = due
    record.isDue = false
    queue.set(record, due)
    return 1
  }

  function remove(record: LiveRecord | undefined): number {
    if (record === undefined) return 0
    kinds[record.kind].delete(record.id)
    queue.remove(record)
    bytes -= record.bytes
    return 0
  }

  return {
    queue,
    get bytes() {
      return bytes
    },
    find: (kind, id) => kinds[kind].get(id),
    ids: (kind) => [...kinds[kind].keys()],
    apply(operation) {
      const { kind, id } = operation
      const record = kinds[kind].get(id)
      switch (operation.type) {
        case 'create':
          if (record === undefined) make(kind, id, operation.made)
          return 0
        case 'append':
          return append(record ?? (operation.made && make(kind, id, operation.made)), operation.entry)
        case 'touch':
          return touch(record, operation.due, operation.isKept)
        case 'remove':
          return remove(record)
      }
    },
    capture: () =>
      Object.values(kinds).flatMap((records) =>
        Array.from(records.values(), (record) => ({ record, due: record.due, length: record.log.length })),
      ),
  }
}

/** Gives a record as its readers see it, each their own. */
export function readRecord({ data, log }: LiveRecord): LedgerRecord {
  return { data: JSON.parse(data), log: log.map((entry) => JSON.parse(entry)) }
}
