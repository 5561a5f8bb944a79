import type { ListedIds, ListOptions, RecordKind } from '../../../lib/base/contracts'
import { createDueQueue, type DueQueue, type Queued } from './due-queue'
import { createGroups, type Groups } from './groups'
import type { Made } from './operations'

/** A record in memory. Its data and its entries stay JSON text, which takes less room and cannot be changed. */
export interface LiveRecord extends Queued {
  readonly kind: RecordKind
  readonly id: string
  readonly data: string
  /** It only grows; a cut puts another list in its place. */
  log: string[]
  /** How many entries were cut from the beginning of the log. */
  cut: number
  group: string | undefined
  /** Milliseconds since the epoch. */
  due: number
  /** Whether its handler runs, since it is due: its time cannot be set then. */
  isDue: boolean
  /** About how many bytes its lines take in a journal. */
  bytes: number
  /** Grows with each record that is made. */
  readonly number: number
}

/** Where records are found: by kind and id, by group, and in the order in which they are due. */
export interface RecordIndex {
  readonly queue: DueQueue<LiveRecord>
  /** About how many bytes a journal of nothing else would have. */
  readonly bytes: number
  find(kind: RecordKind, id: string): LiveRecord | undefined
  list(kind: RecordKind, options?: ListOptions): ListedIds
  all(): Iterable<LiveRecord>
  /** Makes a record, in the place of one with the same id. */
  add(kind: RecordKind, id: string, made: Made): LiveRecord
  remove(record: LiveRecord): void
  /** Moves a record to another group. */
  move(record: LiveRecord, group: string): void
  /** Counts the bytes of one more line of a record. */
  weigh(record: LiveRecord, json: string): void
  /** Counts no bytes for a record any more. */
  unweigh(record: LiveRecord): void
}

interface Kind {
  readonly records: Map<string, LiveRecord>
  readonly groups: Groups
}

/** What a line takes besides its id and its JSON. */
const LINE_BYTES = 50
const PAGE = 1000

/** Creates an empty index. */
export function createRecordIndex(): RecordIndex {
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

  function weigh(record: LiveRecord, json: string): void {
    const more = LINE_BYTES + record.id.length + Buffer.byteLength(json)
    record.bytes += more
    bytes += more
  }

  function unweigh(record: LiveRecord): void {
    bytes -= record.bytes
    record.bytes = 0
  }

  return {
    queue,
    get bytes() {
      return bytes
    },
    find: (kind, id) => kinds[kind].records.get(id),
    list: (kind, options) => listPage(numbered(kinds[kind], options?.group), options),
    *all() {
      for (const { records } of Object.values(kinds)) yield* records.values()
    },
    add(kind, id, given) {
      made += 1
      const record = toRecord(kind, id, made, given)
      kinds[kind].records.set(id, record)
      kinds[kind].groups.add(record.group, id)
      queue.set(record, record.due)
      weigh(record, record.data)
      return record
    },
    remove(record) {
      kinds[record.kind].records.delete(record.id)
      kinds[record.kind].groups.remove(record.group, record.id)
      queue.remove(record)
      unweigh(record)
    },
    move(record, group) {
      kinds[record.kind].groups.remove(record.group, record.id)
      kinds[record.kind].groups.add(group, record.id)
      record.group = group
    },
    weigh,
    unweigh,
  }
}

function toRecord(kind: RecordKind, id: string, number: number, { due, data, group, cut = 0 }: Made): LiveRecord {
  // Not from another object by a spread: that is slower, and takes more memory.
  return { kind, id, data, group, number, log: [], cut, due, isDue: false, bytes: 0, at: due, place: -1 }
}

type Numbered = readonly [id: string, number: number]

function* numbered({ records, groups }: Kind, group: string | undefined): Generator<Numbered> {
  if (group !== undefined) yield* groups.entries(group)
  else for (const { id, number } of records.values()) yield [id, number]
}

function listPage(entries: Iterable<Numbered>, { after, limit = PAGE }: ListOptions = {}): ListedIds {
  const ids: string[] = []
  let last = Number(after ?? 0)
  for (const [id, number] of entries) {
    if (number <= last) continue
    if (ids.length >= limit) return { ids, after: String(last) }
    ids.push(id)
    last = number
  }
  return { ids, after: undefined }
}
