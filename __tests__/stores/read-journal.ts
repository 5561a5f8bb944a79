import { replay, type Replayed } from '../../adapters/stores/file/journal/replay'
import { createRecords } from '../../adapters/stores/file/records'
import type { Ledger } from '../../lib/base/contracts'
import { type FileLedgers, HOUR } from './use-file-ledgers'

/** Returns what a record is created with, for an hour. */
export const made = (data: unknown, group?: string) => ({ data, ttlMs: HOUR, ...(group !== undefined && { group }) })

/** Writes a line of each kind. */
export async function writeAll(ledger: Ledger, ledgers: FileLedgers): Promise<void> {
  await ledger.create('key', 'one', made({ text: 'ä😀' }))
  await ledger.append('key', 'one', 'first')
  await ledger.append('key', 'one', { n: 2 })
  await ledger.append('run', 'two', 'begun', { orCreate: made(null, 'here') })
  await ledger.append('run', 'two', 'moved', { group: 'there' })
  await ledger.claim('key', 'three', 'taken', { orCreate: made([1]), claim: { mark: 'delivery', ttlMs: HOUR } })
  await ledger.cut('key', 'one', 1, 'short')
  await ledger.touch('run', 'two', 2 * HOUR)
  await ledger.create('owner', 'gone', { data: 'x', ttlMs: 0 })
  await ledgers.untilGone(ledger, 'owner', 'gone')
  await ledger.append('key', 'one', 'last')
}

/** What was read, and what it made. */
export interface Read extends Replayed {
  /** What each record is, as JSON text. */
  readonly state: ReadonlyMap<string, string>
}

/** Reads the bytes of a journal as `open` does. */
export async function read(bytes: Buffer): Promise<Read> {
  const records = createRecords()
  const file = {
    path: 'journal',
    read: async (chunk: Uint8Array, position: number) =>
      bytes.copy(chunk, 0, position, Math.min(position + chunk.length, bytes.length)),
  }
  const replayed = await replay(file, (operation) => records.apply(operation))
  const state = new Map<string, string>()
  for (const { record, due, group, log, cut } of records.capture())
    state.set(`${record.kind} ${record.id}`, JSON.stringify({ data: record.data, due, group, log, cut }))
  return { ...replayed, state }
}

const compare = (one: string, other: string): number => (one < other ? -1 : Number(one > other))

/** Returns all records as text that can be compared. */
export const textOf = ({ state }: Read): string =>
  Array.from(state, (entry) => entry.join(' '))
    .toSorted(compare)
    .join('\n')

/** Whether nothing is damaged or torn. */
export const isWhole = ({ places, tornBytes }: Replayed): boolean => places.length === 0 && tornBytes === 0
