import { elapsedOf, startTimer } from '../../../../lib/base/timers'
import type { Clock } from '../../../../lib/base/contracts'
import { createUnavailable } from '../errors'
import type { Command } from './wire'

/** How long a command may wait for a server that is away, in milliseconds. */
const AWAY_MS = 2_000
/** How many commands, and how many characters, are sent in one write. */
const MAX_COMMANDS = 64
const MAX_SIZE = 4 * 1024 ** 2

/** A command, and the caller that waits for its answer. */
export interface Order {
  readonly command: Command
  /** When the caller gave it, by the clock's `elapsed`. */
  readonly since: number
  /** How often it was sent without being done. */
  tries: number
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** The commands that are not sent yet, in their order. */
export interface Outbox {
  readonly isEmpty: boolean
  /** Adds a command; the promise settles with its answer. */
  add(command: Command): Promise<unknown>
  /** Puts commands before all others. */
  putFirst(orders: readonly Order[]): void
  /** Takes as many commands as fit into one write. */
  takeBatch(): readonly Order[]
  /** Notes since when the server does not answer, and why; the first note counts until `resume`. */
  noteSilence(since: number, cause: unknown): void
  /** The connection is lost: commands may wait two seconds for the next one. */
  pause(cause: unknown): void
  /** There is a connection again. */
  resume(): void
  /** Rejects the commands that have waited too long, and looks again when the next one has. */
  expire(): void
  /** Rejects all commands. */
  stop(error: unknown): void
}

/** Creates an empty outbox for the server that messages call `place`. */
export function createOutbox(place: string, clock: Clock): Outbox {
  let queue: Order[] = []
  /** Since when the server has not answered, and why; undefined while it does. */
  let away: { readonly since: number; readonly cause: unknown } | undefined
  let stopTimer = (): void => undefined
  const elapsed = elapsedOf(clock)

  function expire(): void {
    stopTimer()
    stopTimer = () => undefined
    const { since, cause } = away ?? { since: elapsed(), cause: new Error('there is no connection') }
    const leftMs = (order: Order): number => Math.max(order.since, since) + AWAY_MS - elapsed()
    while (queue[0] !== undefined && leftMs(queue[0]) <= 0) queue.shift()?.reject(createUnavailable(place, cause))
    if (queue[0] !== undefined) stopTimer = startTimer(clock, leftMs(queue[0]), expire)
  }

  return {
    get isEmpty() {
      return queue.length === 0
    },
    add: (command) =>
      new Promise((resolve, reject) => {
        queue.push({ command, since: elapsed(), tries: 0, resolve, reject })
      }),
    putFirst(orders) {
      queue = [...orders, ...queue]
    },
    takeBatch() {
      let count = 0
      for (let size = 0; count < Math.min(queue.length, MAX_COMMANDS) && size < MAX_SIZE; count++)
        for (const arg of queue[count]?.command.args ?? []) size += arg.length
      const batch = queue.slice(0, count)
      queue = queue.slice(count)
      return batch
    },
    noteSilence(since, cause) {
      away ??= { since, cause }
    },
    pause(cause) {
      away = { since: away?.since ?? elapsed(), cause }
      expire()
    },
    resume() {
      away = undefined
      stopTimer()
    },
    expire,
    stop(error) {
      stopTimer()
      for (const order of queue.splice(0)) order.reject(error)
    },
  }
}
