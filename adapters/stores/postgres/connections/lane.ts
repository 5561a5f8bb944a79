import type { Clock } from '../../../../lib/base/contracts'
import { elapsedOf } from '../../../../lib/base/timers'
import type { Connection } from './connection'
import type { Connections } from './connections'
import { createClosed } from '../../server-errors'
import { createUnavailable } from '../errors'

/** How long something may wait for a server that is away, in milliseconds. */
const AWAY_MS = 2_000
/** How much may wait to be sent, so that a process that is asked for too much does not fill its memory. */
const MAX_WAITING = 100_000

/** What all lanes of a ledger have. */
export interface LaneParts {
  readonly connections: Connections
  readonly clock: Clock
  /** The server in messages. */
  readonly place: string
}

export interface LaneOptions<I, O> extends LaneParts {
  readonly maxItems: number
  readonly maxBytes: number
  bytesOf(item: I): number
  /** Sends several at once; returns what came of each, in their order. Rejects when none of them was done. */
  send(connection: Connection, items: readonly I[]): Promise<readonly Answer<O>[]>
}

/** What came of one of several. */
export type Answer<O> = { readonly value: O } | { readonly error: unknown }

/** Sends in one statement what gathered while the one before was on its way. */
export interface Lane<I, O> {
  /** Rejects with `ERR_STORE_UNAVAILABLE`, and with `ERR_CLOSED` after `close`. */
  add(item: I): Promise<O>
  /** Refuses what has waited for too long for a server that is away. */
  expire(reason: unknown): void
  /** Takes nothing more; resolves when everything was sent. */
  close(): Promise<void>
}

interface Waiting<I, O> {
  readonly item: I
  readonly since: number
  resolve(answer: O): void
  reject(error: unknown): void
}

/** Creates a lane: one statement at a time, so that the order of what is added is kept. */
export function createLane<I, O>(options: LaneOptions<I, O>): Lane<I, O> {
  const { connections, clock, place, maxItems, maxBytes, bytesOf, send } = options
  let queue: Waiting<I, O>[] = []
  let working: Promise<void> | undefined
  let isClosed = false

  const elapsed = elapsedOf(clock)

  function takeBatch(): readonly Waiting<I, O>[] {
    let bytes = 0
    let count = 0
    for (const { item } of queue) {
      bytes += bytesOf(item)
      if (count > 0 && (count >= maxItems || bytes > maxBytes)) break
      count++
    }
    return queue.splice(0, count)
  }

  async function sendBatch(connection: Connection): Promise<void> {
    const batch = takeBatch()
    if (batch.length === 0) return
    try {
      const answers = await send(
        connection,
        batch.map(({ item }) => item),
      )
      for (const [index, waiting] of batch.entries()) answer(waiting, answers[index])
    } catch (error) {
      refuse(batch, createUnavailable(place, error))
    }
  }

  function answer({ resolve, reject }: Waiting<I, O>, result: Answer<O> | undefined): void {
    if (result !== undefined && 'value' in result) resolve(result.value)
    else reject(createUnavailable(place, result?.error))
  }

  function refuse(batch: readonly Waiting<I, O>[], error: unknown): void {
    for (const { reject } of batch) reject(error)
  }

  async function work(): Promise<void> {
    // What else is asked for in this moment is sent with it.
    await new Promise<void>((resolve) => void setImmediate(resolve))
    try {
      while (queue.length > 0) await connections.lend(sendBatch)
    } catch (error) {
      refuse(queue.splice(0), error)
    }
    working = undefined
  }

  return {
    add(item) {
      if (isClosed) return Promise.reject(createClosed())
      if (queue.length >= MAX_WAITING)
        return Promise.reject(createUnavailable(place, new Error(`${MAX_WAITING} operations wait already`)))
      return new Promise((resolve, reject) => {
        queue.push({ item, since: elapsed(), resolve, reject })
        working ??= work()
      })
    },
    expire(reason) {
      const last = elapsed() - AWAY_MS
      const late = queue.filter(({ since }) => since <= last)
      if (late.length === 0) return
      queue = queue.filter(({ since }) => since > last)
      refuse(late, createUnavailable(place, reason))
    },
    async close() {
      isClosed = true
      await working
    },
  }
}
