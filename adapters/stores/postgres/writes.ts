import { sleep } from '../../../lib/base/timers'
import type { Connection } from './connections/connection'
import { isConflict, isTooMuch, isLocked } from './errors'
import { type Answer, createLane, type Lane, type LaneParts } from './connections/lane'
import { findLocked, namesOf } from './locked'
import { encodeBatch, type Operation } from './operations'

/** How much one transaction does at most. */
const MAX_OPERATIONS = 500
const MAX_BYTES = 4 * 1024 ** 2
/** While one transaction is written to the disk, the next one is under way. */
const MAX_BATCHES = 2
/** How often a transaction is tried that conflicts with another one, and the longest pause between, in milliseconds. */
const TRIES = 10
const PAUSE_MS = 20

/** The name that all messages share, as if they were one record, since they keep their order. */
const MESSAGES = 'messages'

export interface WritesOptions extends LaneParts {
  /** The schema, quoted. */
  readonly schema: string
  /** Tells the records that this process works on from those of others. */
  readonly worker: string
}

/** Creates the lane of everything that is written: several operations in one transaction, those of one record in order. */
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

  /**
   * Does the operations on records that no other transaction holds. The other operations are tried once more, since an
   * instance may only just have written there, and are refused when a record is still held.
   */
  async function sendAround(
    connection: Connection,
    operations: readonly Operation[],
    error: unknown,
  ): Promise<readonly Answer<number>[]> {
    const names = await findLocked(connection, schema, operations)
    const isHeld = (operation: Operation): boolean => namesOf(operation).some((name) => names.has(name))
    const [held, free] = [operations.filter(isHeld), operations.filter((operation) => !isHeld(operation))]
    if (held.length === 0 || free.length === 0) throw error
    const answers = new Map<Operation, Answer<number>>()
    // One record alone is what has been waited for already.
    for (const part of names.size === 1 ? [free] : [free, held]) {
      const results = await send(connection, part).catch((reason: unknown) => {
        if (answers.size === 0 && !isLocked(reason)) throw reason
        return part.map(() => ({ error: reason }))
      })
      for (const [index, operation] of part.entries()) answers.set(operation, results[index] ?? { error })
    }
    return operations.map((operation) => answers.get(operation) ?? { error })
  }

  /** Sends a batch that failed in two halves, so that an operation that cannot be done fails alone. */
  async function send(connection: Connection, operations: readonly Operation[]): Promise<readonly Answer<number>[]> {
    try {
      return (await sendUntilDone(connection, operations)).map((value) => ({ value }))
    } catch (error) {
      if (isLocked(error)) return sendAround(connection, operations, error)
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
    maxBatches: MAX_BATCHES,
    bytesOf: ({ entry = '', data = '' }) => entry.length + data.length,
    namesOf: (operation) => (operation.op === 'n' ? [...namesOf(operation), MESSAGES] : namesOf(operation)),
    send,
  })
}
