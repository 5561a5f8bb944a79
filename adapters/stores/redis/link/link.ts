import { sleep } from '../../../../lib/base/timers'
import type { Clock } from '../../../../lib/base/contracts'
import type { RedisClient } from './library'

const FIRST_PAUSE_MS = 50
const LAST_PAUSE_MS = 1_000

export interface LinkOptions {
  readonly clock: Clock
  /** Makes a connection that is ready to be used. */
  dial(): Promise<RedisClient>
  /** Called when there is a connection again. */
  onUp(): void
  /** Called when the connection is lost. */
  onDown(cause: unknown): void
  /** Called when no new connection could be made; the link tries again. */
  onFailure(cause: unknown): void
}

/** Keeps one connection: when it is lost, a new one takes its place. */
export interface Link {
  /** The connection; undefined while there is none. */
  readonly client: RedisClient | undefined
  /** Makes the first connection; rejects when that fails. */
  open(): Promise<void>
  /** Drops the connection, and makes a new one. */
  replace(cause: unknown): void
  close(): void
}

export function createLink({ clock, dial, onUp, onDown, onFailure }: LinkOptions): Link {
  const closing = new AbortController()
  const { signal } = closing
  let current: RedisClient | undefined

  function use(client: RedisClient): void {
    current = client
    client.on('end', () => lose(client, new Error('The connection was closed')))
  }

  function lose(client: RedisClient | undefined, cause: unknown): void {
    if (client === undefined || client !== current) return
    current = undefined
    client.disconnect()
    if (signal.aborted) return
    onDown(cause)
    void redial()
  }

  async function redial(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
      try {
        const client = await dial()
        if (signal.aborted) client.disconnect()
        else {
          use(client)
          onUp()
        }
        return
      } catch (error) {
        if (signal.aborted) return
        onFailure(error)
      }
      await sleep(clock, pauseMs, signal).catch(() => undefined)
    }
  }

  return {
    get client() {
      return current
    },
    async open() {
      const client = await dial()
      if (!signal.aborted) return use(client)
      client.disconnect()
    },
    replace: (cause) => lose(current, cause),
    close() {
      closing.abort()
      lose(current, signal.reason)
    },
  }
}
