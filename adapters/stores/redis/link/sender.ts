import { elapsedOf, startTimer } from '../../../../lib/base/timers'
import type { Clock } from '../../../../lib/base/contracts'
import { createClosed } from '../../server-errors'
import { createUnavailable, isAnswer, isMisplaced } from '../errors'
import type { Health } from './health'
import type { RedisClient, Result } from './library'
import type { Link } from './link'
import { type Command, exchange, isRead, isUndone, limitFor, NoAnswer, sizeOf } from './wire'

/** How long a command may wait for a server that is away, in milliseconds. */
const AWAY_MS = 2_000
/** How much is sent at once, and how often before an answer; the rest waits, which is no sign of the server being away. */
const MAX_COMMANDS = 64
const MAX_SIZE = 4 * 1024 ** 2
const MAX_SENDING = 8
/** How often a command is sent again that the server did not do, since it had lost the records or the scripts. */
const MAX_TRIES = 3

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

interface Order {
  readonly command: Command
  readonly since: number
  tries: number
  resolve(value: unknown): void
  reject(error: unknown): void
}

export function createSender({ place, clock, link, health, epoch, reenter }: SenderOptions): Sender {
  const sending = new Set<Promise<void>>()
  let queue: Order[] = []
  /** What the server did not do. Nothing else is sent before it has been sent again, so that the order stays. */
  let undone: Order[] = []
  /** How much is on its way. */
  let sendingSize = 0
  let isPlanned = false
  let isClosed = false
  /** Since when the server has not answered, and why; undefined while it does. */
  let away: { readonly since: number; cause: unknown } | undefined
  let stopTimer = (): void => undefined
  const elapsed = elapsedOf(clock)

  /** What the same moment brings, and what the last answers bring about, goes together. */
  function plan(): void {
    if (link.client === undefined) return expire()
    if (isPlanned || queue.length === 0 || undone.length > 0 || sending.size >= MAX_SENDING) return
    isPlanned = true
    setImmediate(() => {
      isPlanned = false
      begin()
    })
  }

  function begin(): void {
    const { client } = link
    // What is not sent yet is not lost with a connection that has just ended.
    if (client?.stream?.writable === false) return link.replace(new Error('The connection was closed'))
    if (client === undefined || queue.length === 0 || undone.length > 0) return plan()
    const promise = sendBatch(client, takeBatch()).finally(() => {
      sending.delete(promise)
      if (undone.length > 0 && sending.size === 0) void redo(client)
      else plan()
    })
    sending.add(promise)
    plan()
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
    const commands = orders.map(({ command }) => command)
    const size = sizeOf(commands)
    sendingSize += size
    try {
      // What was sent before, and is not answered, comes first.
      const results = await exchange(clock, client, commands, epoch(), limitFor(sendingSize))
      const isBehind = undone.length > 0 || results.some(isUndone)
      for (const [index, order] of orders.entries()) settle(order, results[index] ?? [new Error('no answer')], isBehind)
    } catch (error) {
      if (error instanceof NoAnswer) {
        away ??= { since, cause: error }
        health.failed(error)
      }
      for (const order of orders) order.reject(createUnavailable(place, error))
      if (client === link.client) link.replace(error)
    } finally {
      sendingSize -= size
    }
  }

  function settle(order: Order, result: Result, isBehind: boolean): void {
    const [error, value] = result
    // What was read beside something that was not done is read again behind it.
    if ((isUndone(result) || (isBehind && isRead(order.command))) && order.tries++ < MAX_TRIES) undone.push(order)
    else if (!error) order.resolve(value)
    else {
      order.reject(createUnavailable(place, error))
      if (!isAnswer(error) || isMisplaced(error)) link.replace(error)
      else health.trouble(error)
    }
  }

  async function redo(client: RedisClient): Promise<void> {
    try {
      if (client === link.client) await reenter(client)
    } catch (error) {
      if (client === link.client) link.replace(error)
    }
    queue = [...undone, ...queue]
    undone = []
    plan()
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
        plan()
      })
    },
    resume() {
      away = undefined
      stopTimer()
      plan()
    },
    pause(cause) {
      if (away === undefined) away = { since: elapsed(), cause }
      else away.cause = cause
      expire()
    },
    async close() {
      isClosed = true
      while (sending.size > 0 || isPlanned || undone.length > 0)
        await (sending.size > 0 ? Promise.all(sending) : new Promise((resolve) => setImmediate(resolve)))
    },
    stop() {
      isClosed = true
      stopTimer()
      for (const order of [...undone.splice(0), ...queue.splice(0)]) order.reject(createClosed())
    },
  }
}
