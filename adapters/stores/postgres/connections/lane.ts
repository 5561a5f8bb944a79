import type { Clock } from '../../../../lib/base/contracts'
import { elapsedOf } from '../../../../lib/base/timers'
import { type BacklogOptions, createBacklog, type Waiting } from './backlog'
import type { Connection } from './connection'
import type { Connections } from './connections'
import { createClosed } from '../../server-errors'
import { createUnavailable } from '../errors'

/** How long an item may wait for a server that is away, in milliseconds. */
const AWAY_MS = 2_000

/** What all lanes of a ledger have. */
export interface LaneParts {
  readonly connections: Connections
  readonly clock: Clock
  /** The server in messages. */
  readonly place: string
}

export interface LaneOptions<I, O> extends LaneParts, BacklogOptions<I> {
  /** How many batches are on their way at a time; default: 1. */
  readonly maxBatches?: number | undefined
  /** Sends several at once; returns the result of each, in their order. Rejects when none of them was done. */
  send(connection: Connection, items: readonly I[]): Promise<readonly Answer<O>[]>
}

/** The result of one of several. */
export type Answer<O> = { readonly value: O } | { readonly error: unknown }

/** Sends in one statement what was added while earlier ones were on their way. */
export interface Lane<I, O> {
  /** Rejects with `ERR_STORE_UNAVAILABLE`, and with `ERR_CLOSED` after `close`. */
  add(item: I): Promise<O>
  /** Refuses what has waited for too long for a server that is away. */
  expire(reason: unknown): void
  /** Takes nothing more; resolves when everything was sent. */
  close(): Promise<void>
}

/** Creates a lane. Items that change the same record are sent in the order in which they were added. */
export function createLane<I, O>(options: LaneOptions<I, O>): Lane<I, O> {
  const { connections, clock, place, maxBatches = 1, send } = options
  const backlog = createBacklog<I, O>(options)
  let senders = 0
  let onDone = (): void => undefined
  let isClosed = false

  const elapsed = elapsedOf(clock)

  /** Returns whether there was something to send. */
  async function sendBatch(connection: Connection): Promise<boolean> {
    const batch = backlog.take()
    if (batch.length === 0) return false
    try {
      const answers = await send(
        connection,
        batch.map(({ item }) => item),
      )
      for (const [index, waiting] of batch.entries()) answer(waiting, answers[index])
    } catch (error) {
      refuse(batch, createUnavailable(place, error))
    } finally {
      backlog.end(batch)
    }
    return true
  }

  function answer({ resolve, reject }: Waiting<I, O>, result: Answer<O> | undefined): void {
    if (result !== undefined && 'value' in result) resolve(result.value)
    else reject(createUnavailable(place, result?.error))
  }

  function refuse(batch: readonly Waiting<I, O>[], error: unknown): void {
    for (const { reject } of batch) reject(error)
  }

  /** Sends batches until nothing is left, or what is left has to wait for a batch of another sender, which goes on with it. */
  async function sendAll(): Promise<void> {
    senders++
    // What else is asked for in this moment is sent in the same batch.
    await new Promise<void>((resolve) => void setImmediate(resolve))
    try {
      while (!backlog.isEmpty() && (await connections.lend(sendBatch)));
    } catch (error) {
      refuse(backlog.remove(), error)
    }
    senders--
    if (senders > 0) return
    // What was added after this sender had found nothing, and before it ended, has no other sender.
    if (backlog.isEmpty()) onDone()
    else void sendAll()
  }

  return {
    async add(item) {
      if (isClosed) throw createClosed()
      return new Promise<O>((resolve, reject) => {
        try {
          backlog.add({ item, since: elapsed(), resolve, reject })
        } catch (error) {
          return reject(createUnavailable(place, error))
        }
        if (senders < maxBatches) void sendAll()
      })
    },
    expire(reason) {
      const late = backlog.remove(elapsed() - AWAY_MS)
      if (late.length > 0) refuse(late, createUnavailable(place, reason))
    },
    async close() {
      isClosed = true
      if (senders > 0) await new Promise<void>((resolve) => (onDone = resolve))
    },
  }
}
