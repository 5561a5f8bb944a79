import { elapsedOf } from '../../../../lib/base/timers'
import type { Clock } from '../../../../lib/base/contracts'
import { createUnavailable, isAnswer, isMisplaced } from '../errors'
import type { Health } from './health'
import type { RedisClient, Result } from './library'
import type { Link } from './link'
import type { Order, Outbox } from './outbox'
import { exchange, isRead, isUndone, limitFor, NoAnswer, sizeOf } from './wire'

/** How often a command is sent again that the server did not do, since it had lost the records or the scripts. */
const MAX_TRIES = 3

export interface FlightOptions {
  readonly place: string
  readonly clock: Clock
  readonly link: Link
  readonly health: Health
  readonly outbox: Outbox
  /** The epoch of the store. */
  epoch(): string
}

/** The commands that are sent and not answered. */
export interface Flight {
  /** How many batches are not answered. */
  readonly size: number
  /** Whether the server left commands undone. Nothing else may be sent before these, so that the order stays. */
  readonly hasUndone: boolean
  /** Sends commands, and settles each by its answer, or keeps it as undone. Never rejects. */
  send(client: RedisClient, orders: readonly Order[]): Promise<void>
  /** Returns the commands that the server left undone, which are not in flight any more. */
  takeUndone(): readonly Order[]
  /** Resolves when every batch is answered. */
  landed(): Promise<void>
}

/** Creates a flight with nothing in it. */
export function createFlight({ place, clock, link, health, outbox, epoch }: FlightOptions): Flight {
  const batches = new Set<Promise<void>>()
  let undone: Order[] = []
  /** How many characters are in flight. */
  let flyingSize = 0
  const elapsed = elapsedOf(clock)

  async function send(client: RedisClient, orders: readonly Order[]): Promise<void> {
    const since = elapsed()
    const commands = orders.map(({ command }) => command)
    const size = sizeOf(commands)
    flyingSize += size
    try {
      // What was sent before, and is not answered, comes first.
      const results = await exchange(clock, client, commands, epoch(), limitFor(flyingSize))
      const isBehind = undone.length > 0 || results.some(isUndone)
      for (const [index, order] of orders.entries()) settle(order, results[index] ?? [new Error('no answer')], isBehind)
    } catch (error) {
      if (error instanceof NoAnswer) {
        outbox.noteSilence(since, error)
        health.failed(error)
      }
      for (const order of orders) order.reject(createUnavailable(place, error))
      if (client === link.client) link.replace(error)
    } finally {
      flyingSize -= size
    }
  }

  function settle(order: Order, result: Result, isBehind: boolean): void {
    const [error, value] = result
    // What was read beside a command that is undone is read again behind it.
    if ((isUndone(result) || (isBehind && isRead(order.command))) && order.tries++ < MAX_TRIES) undone.push(order)
    else if (!error) order.resolve(value)
    else {
      order.reject(createUnavailable(place, error))
      if (!isAnswer(error) || isMisplaced(error)) link.replace(error)
      else health.trouble(error)
    }
  }

  return {
    get size() {
      return batches.size
    },
    get hasUndone() {
      return undone.length > 0
    },
    send(client, orders) {
      const batch = send(client, orders).finally(() => batches.delete(batch))
      batches.add(batch)
      return batch
    },
    takeUndone: () => undone.splice(0),
    async landed() {
      await Promise.all(batches)
    },
  }
}
