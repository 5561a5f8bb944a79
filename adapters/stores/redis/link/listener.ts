import { startTimer } from '../../../../lib/base/timers'
import type { Clock } from '../../../../lib/base/contracts'
import type { Dialer } from './dial'
import type { Health } from './health'
import type { RedisClient } from './library'
import { createLink } from './link'
import type { Names } from '../names'
import { ANSWER_MS, answerWithin } from './wire'

/** How often the connection is checked, in milliseconds: a half-open one loses messages without an error. */
const CHECK_EVERY_MS = 2_000

export interface ListenerOptions {
  readonly dialer: Dialer
  readonly names: Names
  readonly clock: Clock
  readonly health: Health
  onMessage(message: unknown): void
  /** Called when another process has closed, and left its due records. */
  onLeft(): void
}

/** The message of a process that closes. */
export const LEFT = ''

/** Receives the messages of other processes, on a connection of its own. */
export interface Listener {
  /** Resolves when every message that is published from now on is received. */
  open(): Promise<void>
  close(): void
}

export function createListener({ dialer, names, clock, health, onMessage, onLeft }: ListenerOptions): Listener {
  let stop = (): void => undefined
  let isClosed = false

  const link = createLink({
    clock,
    dial: () => dialer.dial(subscribe),
    onUp: () => health.up('messages'),
    onDown: () => health.down('messages'),
    onFailure: (cause) => health.failed(cause),
  })

  async function subscribe(client: RedisClient): Promise<void> {
    const channel = names.channel(client.options['db'])
    client.on('message', (_channel, text) => {
      if (isClosed) return
      if (text === LEFT) onLeft()
      else onMessage(JSON.parse(text))
    })
    await answerWithin(clock, ANSWER_MS, client.subscribe(channel))
  }

  async function check(): Promise<void> {
    const { client } = link
    if (client !== undefined) {
      try {
        await answerWithin(clock, ANSWER_MS, client.call('ping'))
      } catch (error) {
        if (client === link.client) link.replace(error)
      }
    }
    if (!isClosed) stop = startTimer(clock, CHECK_EVERY_MS, () => void check())
  }

  return {
    async open() {
      await link.open()
      if (!isClosed) stop = startTimer(clock, CHECK_EVERY_MS, () => void check())
    },
    close() {
      isClosed = true
      stop()
      link.close()
    },
  }
}
