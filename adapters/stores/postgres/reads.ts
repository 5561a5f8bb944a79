import type { LedgerRecord, RecordKind } from '../../../lib/base/contracts'
import { createLane, type Lane, type LaneParts } from './connections/lane'

/** How many records are read by one statement. */
const MAX_READ = 200

export interface RecordName {
  readonly kind: RecordKind
  readonly id: string
}

export interface ReadsOptions extends LaneParts {
  /** The schema, quoted. */
  readonly schema: string
}

/** Creates the lane of records that are read: several by one statement. */
export function createReads({ schema, ...parts }: ReadsOptions): Lane<RecordName, LedgerRecord | undefined> {
  const text = `SELECT place, data, cut, log FROM ${schema}.read($1, $2)`
  return createLane<RecordName, LedgerRecord | undefined>({
    ...parts,
    maxItems: MAX_READ,
    async send(connection, names) {
      const kinds = names.map(({ kind }) => kind).join('\n')
      const ids = names.map(({ id }) => id).join('\n')
      const rows = await connection.query(text, [kinds, ids])
      const records: (LedgerRecord | undefined)[] = names.map(() => undefined)
      for (const [place, data, cut, log] of rows) records[Number(place) - 1] = toRecord(data, cut, log)
      return records.map((record) => ({ value: record }))
    },
  })
}

/** `cut` is the position of the entry that replaced those before it. */
function toRecord(data: unknown, cut: unknown, log: unknown): LedgerRecord {
  const lines = String(log).replaceAll('\n', ',')
  return {
    data: JSON.parse(String(data)),
    log: JSON.parse(`[${lines}]`) as unknown[],
    cut: Math.max(Number(cut) - 1, 0),
  }
}
