import type { Connection } from './connections/connection'
import { type Operation, recordsOf } from './operations'
import type { RecordName } from './reads'

/** Returns the names of the records that an operation changes. */
export function namesOf(operation: Operation): readonly string[] {
  return recordsOf(operation).map(nameOf)
}

/** Finds those records of some operations that another transaction holds at this moment, and returns their names. */
export async function findLocked(
  connection: Connection,
  schema: string,
  operations: readonly Operation[],
): Promise<ReadonlySet<string>> {
  const records = operations.flatMap(recordsOf)
  const column = (read: (record: RecordName) => string): string => records.map(read).join('\n')
  const text = `WITH named AS (
      SELECT DISTINCT n.kind, n.id FROM unnest(string_to_array($1, E'\\n'), string_to_array($2, E'\\n')) AS n (kind, id)
    ), free AS (
      SELECT r.kind, r.id FROM ${schema}.record r JOIN named n ON r.kind = n.kind AND r.id = n.id FOR UPDATE OF r SKIP LOCKED
    )
    SELECT r.kind, r.id FROM ${schema}.record r JOIN named n ON r.kind = n.kind AND r.id = n.id
      WHERE NOT EXISTS (SELECT FROM free f WHERE f.kind = r.kind AND f.id = r.id)`
  const rows = await connection.query(text, [column(({ kind }) => kind), column(({ id }) => id)])
  return new Set(rows.map(([kind, id]) => nameOf({ kind: String(kind), id: String(id) })))
}

function nameOf({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return `${kind} ${id}`
}
