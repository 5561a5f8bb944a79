import type { LedgerRecord, ListedIds, ListOptions, RecordKind } from '../../../lib/base/contracts'
import { createDueQueue, type DueQueue, type Queued } from './due-queue'
import { createGroups, type Groups } from './groups'
import type { ClaimOperation, CutOperation, Made, Operation, RemoveOperation } from './operations'

/** A record in memory. Its data and its entries stay JSON text, which takes less room and cannot be changed. */
export interface LiveRecord extends Queued {
  readonly kind: RecordKind
  readonly id: string
  readonly data: string
  /** It only grows; where it is cut, another list takes its place. */
  log: string[]
  /** How many entries stand before the log. */
  cut: number
  group: string | undefined
  /** Milliseconds since the epoch. */
  due: number
  /** Whether it is being dealt with: its time cannot be set then. */
  isDue: boolean
  /** About how many bytes its lines take in a journal. */
  bytes: number
  /** Counts up: it was made after those with lower numbers. */
  readonly number: number
}

/** A record as it was at some moment: since its log only grows, its length then says enough. */
export interface CapturedRecord {
  readonly record: LiveRecord
  readonly due: number
  readonly group: string | undefined
  readonly log: readonly string[]
  readonly cut: number
  readonly length: number
}

/** Every record of a ledger, changed by operations alone: by the same ones while they are written and when they are read. */
export interface Records {
  /** In the order in which they are due. */
  readonly queue: DueQueue<LiveRecord>
  /** About how many bytes a journal of nothing else would have. */
  readonly bytes: number
  find(kind: RecordKind, id: string): LiveRecord | undefined
  list(kind: RecordKind, options?: ListOptions): ListedIds
  /** Returns the position of what was appended, or 1 when something else could be done; otherwise 0. */
  apply(operation: Operation): number
  /** How they are now; later operations do not change it. */
  capture(): readonly CapturedRecord[]
}

interface Kind {
  readonly records: Map<string, LiveRecord>
  readonly groups: Groups
}

/** What a line takes besides its id and its JSON. */
const LINE_BYTES = 50
const PAGE = 1000

export function createRecords(): Records {
  const queue = createDueQueue<LiveRecord>()
  const createKind = (): Kind => ({ records: new Map(), groups: createGroups() })
  const kinds: Readonly<Record<RecordKind, Kind>> = {
    key: createKind(),
    mark: createKind(),
    run: createKind(),
    owner: createKind(),
  }
  let bytes = 0
  let made = 0

  function grow(record: LiveRecord, json: string): void {
    const more = LINE_BYTES + record.id.length + Buffer.byteLength(json)
    record.bytes += more
    bytes += more
  }

  function make(kind: RecordKind, id: string, { due, data, group, cut: before = 0 }: Made): LiveRecord {
    made += 1
    // Not from another object by a spread: that is slower, and takes more memory.
    const record: LiveRecord = {
      kind,
      id,
      data,
      group,
      number: made,
      log: [],
      cut: before,
      due,
      isDue: false,
      bytes: 0,
      at: due,
      place: -1,
    }
    kinds[kind].records.set(id, record)
    kinds[kind].groups.add(group, id)
    queue.set(record, due)
    grow(record, data)
    return record
  }

  function append(record: LiveRecord | undefined, entry: string, group?: string): number {
    if (record === undefined) return 0
    grow(record, entry)
    if (group !== undefined && group !== record.group) {
      kinds[record.kind].groups.remove(record.group, record.id)
      kinds[record.kind].groups.add(group, record.id)
      record.group = group
    }
    return record.cut + record.log.push(entry)
  }

  function claim({ kind, id, entry, made: orMade, mark, markDue }: ClaimOperation): number {
    if (kinds.mark.records.has(mark)) return 0
    make('mark', mark, { due: markDue, data: 'null' })
    return append(kinds[kind].records.get(id) ?? (orMade && make(kind, id, orMade)), entry)
  }

  function cut(record: LiveRecord | undefined, { upTo, entry }: CutOperation): number {
    if (record === undefined || !isThere(record, upTo)) return 0
    const kept = record.log.slice(upTo - record.cut)
    bytes -= record.bytes
    record.bytes = 0
    record.cut = upTo - 1
    record.log = [entry, ...kept]
    for (const text of [record.data, ...record.log]) grow(record, text)
    return 1
  }

  function touch(record: LiveRecord | undefined, due: number, isKept: boolean): number {
    if (record === undefined || (record.isDue && !isKept)) return 0
    record.due = due
    record.isDue = false
    queue.set(record, due)
    return 1
  }

  function remove(record: LiveRecord | undefined, { seen }: RemoveOperation): number {
    if (record === undefined || (seen !== undefined && endOf(record) !== seen)) return 0
    kinds[record.kind].records.delete(record.id)
    kinds[record.kind].groups.remove(record.group, record.id)
    queue.remove(record)
    bytes -= record.bytes
    return 1
  }

  function* numbered(kind: RecordKind, group: string | undefined): Generator<readonly [id: string, number: number]> {
    if (group !== undefined) yield* kinds[kind].groups.entries(group)
    else for (const { id, number } of kinds[kind].records.values()) yield [id, number]
  }

  return {
    queue,
    get bytes() {
      return bytes
    },
    find: (kind, id) => kinds[kind].records.get(id),
    list(kind, { group, after, limit = PAGE } = {}) {
      const ids: string[] = []
      let last = Number(after ?? 0)
      for (const [id, number] of numbered(kind, group)) {
        if (number <= last) continue
        if (ids.length >= limit) return { ids, after: String(last) }
        ids.push(id)
        last = number
      }
      return { ids, after: undefined }
    },
    apply(operation) {
      const { kind, id } = operation
      const record = kinds[kind].records.get(id)
      switch (operation.type) {
        case 'create':
          if (record === undefined) make(kind, id, operation.made)
          return 0
        case 'append':
          return append(record ?? (operation.made && make(kind, id, operation.made)), operation.entry, operation.group)
        case 'claim':
          return claim(operation)
        case 'cut':
          return cut(record, operation)
        case 'touch':
          return touch(record, operation.due, operation.isKept)
        case 'remove':
          return remove(record, operation)
      }
    },
    capture: () =>
      Object.values(kinds).flatMap(({ records }) =>
        Array.from(records.values(), (record) => {
          const { due, group, log, cut: before } = record
          return { record, due, group, log, cut: before, length: log.length }
        }),
      ),
  }
}

/** Returns the position of the last entry of a record, or 0. */
function endOf({ cut, log }: LiveRecord): number {
  return cut + log.length
}

/** Whether the log of a record has an entry at a position. */
function isThere(record: LiveRecord, position: number): boolean {
  return position > record.cut && position <= endOf(record)
}

/** Returns a record as its readers see it, each their own. */
export function readRecord({ data, log, cut }: LiveRecord): LedgerRecord {
  return { data: JSON.parse(data), log: log.map((entry) => JSON.parse(entry)), cut }
}
