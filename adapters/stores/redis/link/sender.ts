import type { Clock } from '../../../../lib/base/contracts'
import { createClosed } from '../../server-errors'
import { createFlight } from './flight'
import type { Health } from './health'
import type { RedisClient } from './library'
import type { Link } from './link'
import { createOutbox } from './outbox'
import type { Command } from './wire'

/** How many batches are in flight at most; the other commands wait, which is no sign of the server being away. */
const MAX_BATCHES = 8

export interface SenderOptions {
  readonly place: string
  readonly clock: Clock
  readonly link: Link
  readonly health: Health
  /** The epoch of the store. */
  epoch(): string
  /** Called when the server has lost the records or the scripts; enters the store again. */
  reenter(client: RedisClient): Promise<void>
}

/** Sends commands in the order in which it is given them; those of one moment in one write. */
export interface Sender {
  /** Rejects with `ERR_STORE_UNAVAILABLE` when the server refuses it, does not answer, or is away for two seconds. */
  send(command: Command): Promise<unknown>
  /** There is a connection again. */
  resume(): void
  /** The connection is lost. */
  pause(cause: unknown): void
  /** Takes nothing more; resolves when everything was answered or rejected. */
  close(): Promise<void>
  /** Rejects what is left. */
  stop(): void
}

/** Creates a sender: an outbox decides what a batch holds, and a flight what an answer means. */
export function createSender({ place, clock, link, health, epoch, reenter }: SenderOptions): Sender {
  const outbox = createOutbox(place, clock)
  const flight = createFlight({ place, clock, link, health, outbox, epoch })
  let isPlanned = false
  let isClosed = false

  const isHeld = (): boolean => outbox.isEmpty || flight.hasUndone

  /** Commands of the same moment, and those that the last answers bring about, go together. */
  function plan(): void {
    if (link.client === undefined) return outbox.expire()
    if (isPlanned || isHeld() || flight.size >= MAX_BATCHES) return
    isPlanned = true
    setImmediate(() => {
      isPlanned = false
      begin()
    })
  }

  function begin(): void {
    const { client } = link
    // A command that is not sent yet is not lost with a connection that has just ended.
    if (client?.stream?.writable === false) return link.replace(new Error('The connection was closed'))
    if (client === undefined || isHeld()) return plan()
    void flight.send(client, outbox.takeBatch()).finally(() => {
      if (flight.hasUndone && flight.size === 0) void redo(client)
      else plan()
    })
    plan()
  }

  async function redo(client: RedisClient): Promise<void> {
    try {
      if (client === link.client) await reenter(client)
    } catch (error) {
      if (client === link.client) link.replace(error)
    }
    outbox.putFirst(flight.takeUndone())
    plan()
  }

  return {
    send(command) {
      if (isClosed) return Promise.reject(createClosed())
      const answer = outbox.add(command)
      plan()
      return answer
    },
    resume() {
      outbox.resume()
      plan()
    },
    pause: outbox.pause,
    async close() {
      isClosed = true
      while (flight.size > 0 || isPlanned || flight.hasUndone)
        await (flight.size > 0 ? flight.landed() : new Promise((resolve) => setImmediate(resolve)))
    },
    stop() {
      isClosed = true
      const error = createClosed()
      for (const order of flight.takeUndone()) order.reject(error)
      outbox.stop(error)
    },
  }
}
