import type { PostgresPool, PostgresPoolClient } from '../../../../lib/base/given-clients'
import type { PgClient, PgLibrary } from './library'

/** Where connections come from. */
export interface Source {
  connect(): Connecting
  /** Resolves when no abandoned connection is left. */
  settled(): Promise<void>
}

/** A connection that is being made. */
export interface Connecting {
  readonly link: Promise<Link>
  /** Stops waiting for the connection; one that is still being made is closed, or returned to its pool. */
  abandon(): void
}

/** A client, and how to get rid of it. */
export interface Link {
  readonly client: PgClient
  /** Ends it in good order. */
  end(): Promise<unknown>
  /** Drops it at once, since it does not work any more. */
  destroy(): void
}

/** Connects with clients of its own. */
export function createOwnSource({ Client }: PgLibrary, url: string): Source {
  return {
    connect() {
      const client = new Client({
        connectionString: url,
        keepAlive: true,
        fallback_application_name: 'express-callbacks',
      })
      client.on('error', () => undefined)
      const destroy = (): void => void client.connection?.stream?.destroy()
      const made = { client, end: () => client.end(), destroy }
      const link = client.connect().then(
        () => made,
        (error: unknown) => {
          destroy()
          throw error
        },
      )
      return { link, abandon: destroy }
    },
    settled: () => Promise.resolve(),
  }
}

/**
 * Borrows clients of a pool, which is not closed. When a caller gives up, its request stays in the queue of the pool, and
 * the next caller takes that request over.
 */
export function createPoolSource(pool: PostgresPool): Source {
  let left: Promise<PostgresPoolClient> | undefined
  let leaving = Promise.resolve()

  async function leave(promise: Promise<PostgresPoolClient>): Promise<void> {
    left = promise
    const client = await promise.catch(() => undefined)
    if (left !== promise) return
    left = undefined
    client?.release()
  }

  return {
    connect() {
      const promise = left ?? pool.connect()
      left = undefined
      let isAbandoned = false
      const link = promise.then((client) => {
        if (isAbandoned) throw new Error('Nobody waits for the connection any more')
        return borrow(client)
      })
      link.catch(() => undefined)
      return {
        link,
        abandon() {
          isAbandoned = true
          leaving = leave(promise)
        },
      }
    },
    settled: () => leaving,
  }
}

function borrow(client: PostgresPoolClient): Link {
  const ignore = (): void => undefined
  client.on('error', ignore)
  let isReleased = false
  const release = (isBroken: boolean): void => {
    if (isReleased) return
    isReleased = true
    // The pool listens to the clients that it has; a broken one may still emit an error.
    if (!isBroken) client.removeListener('error', ignore)
    client.release(isBroken)
  }
  return {
    client,
    async end() {
      await client.query({ text: 'UNLISTEN *', rowMode: 'array' })
      release(false)
    },
    destroy: () => release(true),
  }
}
