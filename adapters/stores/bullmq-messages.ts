import { sleep } from '../../lib/timers'
import type { Clock } from '../../lib/types'
import { createBatches } from './bullmq-batches'
import { type Engine, MESSAGES } from './bullmq-engine'

export interface MessagesOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly onMessage: (message: unknown) => void
  readonly onError: (error: unknown) => void
}

/** What processes tell one another. */
export interface Messages {
  /** Takes what is written down already. */
  publish(text: string): Promise<void>
  close(): Promise<void>
}

const MAX_MESSAGES = 1_000

/** Until it is tried again to listen. */
const RETRY_MS = 500

/** Listens to messages, all those that are published after this has resolved. */
export async function openMessages({ engine, clock, onMessage, onError }: MessagesOptions): Promise<Messages> {
  // Whoever asks for what comes from now on misses what comes between two such questions.
  const lastEventId = await engine.publish('[]')
  const options = { ...engine.workers, lastEventId, blockingTimeout: engine.messageMs, autorun: false }
  const events = new engine.bullmq.QueueEvents(engine.nameOf(MESSAGES), options, engine.backend)
  events.on('error', onError)
  events.on('message', ({ text }) => {
    const messages: unknown = typeof text === 'string' ? JSON.parse(text) : []
    if (!Array.isArray(messages)) return
    for (const message of messages) onMessage(message)
  })
  await events.waitUntilReady()

  const closing = new AbortController()
  const { signal } = closing

  /** BullMQ never listens when the server goes in the moment before it begins to. */
  async function listen(): Promise<void> {
    while (!signal.aborted) {
      try {
        await events.run()
      } catch (error) {
        onError(error)
        await sleep(clock, RETRY_MS, signal).catch(() => undefined)
      }
    }
  }
  void listen()

  const batches = createBatches(MAX_MESSAGES, (texts: readonly string[]) => engine.publish(`[${texts.join(',')}]`))
  return {
    publish: (text) => batches.add(text),
    close() {
      closing.abort()
      return events.close()
    },
  }
}
