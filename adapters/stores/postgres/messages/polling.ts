import type { Clock } from '../../../../lib/base/contracts'
import { elapsedOf, startTimer } from '../../../../lib/base/timers'
import type { Connection } from '../connections/connection'
import type { Connections } from '../connections/connections'

/** How often messages are asked for: for a while after one, and later on; in milliseconds. */
const BUSY_MS = 50
const QUIET_MS = 500
const BUSY_FOR_MS = 5_000

export interface PollingOptions {
  readonly connections: Connections
  readonly clock: Clock
  /** The schema, quoted. */
  readonly schema: string
  /** Aborts when no messages are wanted any more. */
  readonly signal: AbortSignal
  /** Called with the text of each new message. */
  onText(text: string): void
}

/** Asks for messages again and again, where a pooler allows no LISTEN. */
export interface Polling {
  isOn(): boolean
  /** Starts with the messages that are sent from now on. */
  start(connection: Connection): Promise<void>
  stop(): void
  /** A message was sent or heard: more messages are likely. */
  touch(): void
}

/** Creates a polling that is off. */
export function createPolling({ connections, clock, schema, signal, onText }: PollingOptions): Polling {
  const text = `SELECT id, body, upto FROM ${schema}.poll($1)`
  let isOn = false
  /** Where the next poll begins, and what the last one found there: messages do not appear in the order of their numbers. */
  let since = ''
  let seen: ReadonlySet<unknown> = new Set()
  let busyUntil = -Infinity
  let stopTimer = (): void => undefined

  const elapsed = elapsedOf(clock)

  function pollLater(): void {
    stopTimer()
    if (!isOn || signal.aborted) return
    stopTimer = startTimer(clock, elapsed() < busyUntil ? BUSY_MS : QUIET_MS, () => {
      void connections
        .lend(poll)
        .catch(() => undefined)
        .then(pollLater)
    })
  }

  async function poll(connection: Connection): Promise<void> {
    const rows = await connection.query(text, [since])
    const isFirst = since === ''
    const before = seen
    const messages = rows.filter(([id]) => id !== null)
    since = String(rows.at(-1)?.[2])
    seen = new Set(messages.map(([id]) => id))
    for (const [id, body] of messages) if (!isFirst && !before.has(id)) onText(String(body))
  }

  return {
    isOn: () => isOn,
    async start(connection) {
      if (isOn) return
      await poll(connection)
      isOn = true
      pollLater()
    },
    stop() {
      isOn = false
      stopTimer()
    },
    touch() {
      const wasQuiet = elapsed() >= busyUntil
      busyUntil = elapsed() + BUSY_FOR_MS
      if (wasQuiet) pollLater()
    },
  }
}
