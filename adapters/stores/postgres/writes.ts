import { sleep } from '../../../lib/base/timers'
import type { Connection } from './connections/connection'
import { isConflict, isTooMuch } from './errors'
import { type Answer, createLane, type Lane, type LaneParts } from './connections/lane'
import { encodeBatch, type Operation } from './operations'

/** How much one transaction does at most. */
const MAX_OPERATIONS = 500
const MAX_BYTES = 4 * 1024 ** 2
/** How often a transaction is repeated that was in the way of another one, and after how many milliseconds at most. */
const TRIES = 10
const PAUSE_MS = 20

export interface WritesOptions extends LaneParts {
  /** The schema, quoted. */
  readonly schema: string
  /** Tells the records that this process works on from those of others. */
  readonly worker: string
}

/** Creates the lane of everything that is written: in one order, several in one transaction. */
export function createWrites({ schema, worker, ...parts }: WritesOptions): Lane<Operation, number> {
  const text = `SELECT ${schema}.apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

  async function sendOnce(connection: Connection, operations: readonly Operation[]): Promise<readonly number[]> {
    const { values, decode } = encodeBatch(operations)
    const [[answer] = []] = await connection.query(text, [worker, ...values])
    return decode(String(answer))
  }

  async function sendUntilDone(connection: Connection, operations: readonly Operation[]): Promise<readonly number[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await sendOnce(connection, operations)
      } catch (error) {
        if (!isConflict(error) || attempt >= TRIES) throw error
        await sleep(parts.clock, Math.random() * PAUSE_MS)
      }
    }
  }

  /** What is too much at once is sent in two halves, so that one operation that cannot be done fails alone. */
  async function send(connection: Connection, operations: readonly Operation[]): Promise<readonly Answer<number>[]> {
    try {
      return (await sendUntilDone(connection, operations)).map((value) => ({ value }))
    } catch (error) {
      if (!isTooMuch(error) || connection.isLost) throw error
      if (operations.length === 1) return [{ error }]
      const half = Math.ceil(operations.length / 2)
      const before = await send(connection, operations.slice(0, half))
      return [...before, ...(await send(connection, operations.slice(half)))]
    }
  }

  return createLane<Operation, number>({
    ...parts,
    maxItems: MAX_OPERATIONS,
    maxBytes: MAX_BYTES,
    bytesOf: ({ entry = '', data = '' }) => entry.length + data.length,
    send,
  })
}
