import { startTimer } from '../../../lib/timers'
import type { Clock } from '../../../lib/types'
import { createClosed, createUnavailable, isAnswer, isMisplaced } from './errors'
import type { Health } from './health'
import type { RedisClient, Result } from './library'
import type { Link } from './link'
import { type Command, exchange, isLost, NoAnswer } from './wire'

/** How long a command may wait for a server that is away, in milliseconds. */
const AWAY_MS = 2_000
/** How much is sent at once; the rest waits for the answers, which is no sign of the server being away. */
const MAX_COMMANDS = 500
const MAX_SIZE = 4 * 1024 ** 2
/** How often a command is sent again when the store was emptied just before. */
const MAX_TRIES = 3

export interface SenderOptions {
  readonly place: string
  readonly clock: Clock
  readonly link: Link
  readonly health: Health
  /** The epoch of the store. */
  epoch(): string
  /** Called when a script found another epoch; enters the store again. */
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

interface Order {
  readonly command: Command
  readonly since: number
  tries: number
  resolve(value: unknown): void
  reject(error: unknown): void
}

export function createSender({ place, clock, link, health, epoch, reenter }: SenderOptions): Sender {
  let queue: Order[] = []
  let sending: Promise<void> | undefined
  let isClosed = false
  /** Since when the server has not answered, and why; undefined while it does. */
  let away: { readonly since: number; cause: unknown } | undefined
  let stopTimer = (): void => undefined
  const elapsed = (): number => clock.elapsed?.() ?? clock.now()

  function begin(): void {
    if (link.client === undefined) return expire()
    sending ??= sendAll().finally(() => {
      sending = undefined
      if (queue.length > 0) begin()
    })
  }

  async function sendAll(): Promise<void> {
    for (;;) {
      // What the same moment brings, and what the last answers bring about, goes together.
      await new Promise<void>((resolve) => setImmediate(resolve))
      const { client } = link
      // What is not sent yet is not lost with a connection that has just ended.
      if (client?.stream?.writable === false) link.replace(new Error('The connection was closed'))
      if (client === undefined || client !== link.client || queue.length === 0) return
      await sendBatch(client, takeBatch())
    }
  }

  function takeBatch(): readonly Order[] {
    let count = 0
    for (let size = 0; count < Math.min(queue.length, MAX_COMMANDS) && size < MAX_SIZE; count++)
      for (const arg of queue[count]?.command.args ?? []) size += arg.length
    const batch = queue.slice(0, count)
    queue = queue.slice(count)
    return batch
  }

  async function sendBatch(client: RedisClient, orders: readonly Order[]): Promise<void> {
    const since = elapsed()
    try {
      const commands = orders.map(({ command }) => command)
      const results = await exchange(clock, client, commands, epoch())
      const lost = orders.filter((order, index) => !settle(order, results[index] ?? [new Error('no answer')]))
      if (lost.length === 0) return
      await reenter(client)
      queue = [...lost, ...queue]
    } catch (error) {
      if (error instanceof NoAnswer) {
        away ??= { since, cause: error }
        health.failed(error)
      }
      for (const order of orders) order.reject(createUnavailable(place, error))
      link.replace(error)
    }
  }

  /** Returns false for what is to be sent again. */
  function settle(order: Order, result: Result): boolean {
    const [error, value] = result
    if (!error) order.resolve(value)
    else if (isLost(result) && order.tries++ < MAX_TRIES) return false
    else {
      order.reject(createUnavailable(place, error))
      if (!isAnswer(error) || isMisplaced(error)) link.replace(error)
      else health.trouble(error)
    }
    return true
  }

  /** Rejects those that have waited for long enough while the server is away, and looks again when the next one has. */
  function expire(): void {
    stopTimer()
    stopTimer = () => undefined
    const { since, cause } = away ?? { since: elapsed(), cause: new Error('there is no connection') }
    const leftMs = (order: Order): number => Math.max(order.since, since) + AWAY_MS - elapsed()
    while (queue[0] !== undefined && leftMs(queue[0]) <= 0) queue.shift()?.reject(createUnavailable(place, cause))
    if (queue[0] !== undefined) stopTimer = startTimer(clock, leftMs(queue[0]), expire)
  }

  return {
    send(command) {
      if (isClosed) return Promise.reject(createClosed())
      return new Promise((resolve, reject) => {
        queue.push({ command, since: elapsed(), tries: 0, resolve, reject })
        begin()
      })
    },
    resume() {
      away = undefined
      stopTimer()
      begin()
    },
    pause(cause) {
      if (away === undefined) away = { since: elapsed(), cause }
      else away.cause = cause
      expire()
    },
    async close() {
      isClosed = true
      while (sending !== undefined) await sending
    },
    stop() {
      isClosed = true
      stopTimer()
      for (const order of queue.splice(0)) order.reject(createClosed())
    },
  }
}
