import type { LedgerRecord, ListedIds, ListOptions, RecordKind } from '../../../lib/base/contracts'
import type { DueQueue } from './due-queue'
import type { ClaimOperation, CutOperation, Operation, RemoveOperation } from './operations'
import { createRecordIndex, type LiveRecord, type RecordIndex } from './record-index'

/** A record as it was at some moment: since its log only grows, its length then says enough. */
export interface CapturedRecord {
  readonly record: LiveRecord
  readonly due: number
  readonly group: string | undefined
  readonly log: readonly string[]
  readonly cut: number
  readonly length: number
}

/** Every record of a ledger. Only operations change it, the same ones whether they are written or read again. */
export interface Records {
  /** In the order in which they are due. */
  readonly queue: DueQueue<LiveRecord>
  /** About how many bytes a journal of nothing else would have. */
  readonly bytes: number
  find(kind: RecordKind, id: string): LiveRecord | undefined
  list(kind: RecordKind, options?: ListOptions): ListedIds
  /** Returns the position of the appended entry, or 1 when something else was done, or 0 when nothing was. */
  apply(operation: Operation): number
  /** Returns the records as they are now; later operations do not change what is returned. */
  capture(): readonly CapturedRecord[]
}

/** Creates an empty set of records. */
export function createRecords(): Records {
  const index = createRecordIndex()
  const { queue, find, list, all } = index
  return {
    queue,
    get bytes() {
      return index.bytes
    },
    find,
    list,
    apply: (operation) => apply(index, operation),
    capture: () => Array.from(all(), capture),
  }
}

function apply(index: RecordIndex, operation: Operation): number {
  const { kind, id } = operation
  const record = index.find(kind, id)
  switch (operation.type) {
    case 'create':
      if (record === undefined) index.add(kind, id, operation.made)
      return 0
    case 'append': {
      const { entry, made, group } = operation
      return append(index, record ?? (made && index.add(kind, id, made)), entry, group)
    }
    case 'claim':
      return claim(index, operation)
    case 'cut':
      return cutLog(index, record, operation)
    case 'touch':
      return touch(index, record, operation.due, operation.isKept)
    case 'remove':
      return remove(index, record, operation)
  }
}

function append(index: RecordIndex, record: LiveRecord | undefined, entry: string, group?: string): number {
  if (record === undefined) return 0
  index.weigh(record, entry)
  if (group !== undefined && group !== record.group) index.move(record, group)
  return record.cut + record.log.push(entry)
}

function claim(index: RecordIndex, { kind, id, entry, made, mark, markDue }: ClaimOperation): number {
  if (index.find('mark', mark) !== undefined) return 0
  index.add('mark', mark, { due: markDue, data: 'null' })
  return append(index, index.find(kind, id) ?? (made && index.add(kind, id, made)), entry)
}

function cutLog(index: RecordIndex, record: LiveRecord | undefined, { upTo, entry }: CutOperation): number {
  if (record === undefined || upTo <= record.cut || upTo > endOf(record)) return 0
  record.log = [entry, ...record.log.slice(upTo - record.cut)]
  record.cut = upTo - 1
  index.unweigh(record)
  for (const text of [record.data, ...record.log]) index.weigh(record, text)
  return 1
}

function touch({ queue }: RecordIndex, record: LiveRecord | undefined, due: number, isKept: boolean): number {
  if (record === undefined || (record.isDue && !isKept)) return 0
  record.due = due
  record.isDue = false
  queue.set(record, due)
  return 1
}

function remove(index: RecordIndex, record: LiveRecord | undefined, { seen }: RemoveOperation): number {
  if (record === undefined || (seen !== undefined && endOf(record) !== seen)) return 0
  index.remove(record)
  return 1
}

function capture(record: LiveRecord): CapturedRecord {
  const { due, group, log, cut } = record
  return { record, due, group, log, cut, length: log.length }
}

/** Returns the position of the last entry of a record, or 0. */
function endOf({ cut, log }: LiveRecord): number {
  return cut + log.length
}

/** Returns a new copy of a record for a reader. */
export function readRecord({ data, log, cut }: LiveRecord): LedgerRecord {
  return { data: JSON.parse(data), log: log.map((entry) => JSON.parse(entry)), cut }
}
