import { isDoneWithin } from '../../../lib/base/timers'
import type { LedgerHandlers } from '../../../lib/base/contracts'
import { createClosed } from '../server-errors'
import { createUnavailable } from './errors'
import { openSession, type Session, type SessionOptions } from './session'

/** How long the work under way may take when the store is closed, in milliseconds; 0 while the server is away. */
const CLOSE_MS = 4_000

/** Opens a session once, and closes it once. */
export interface LifeCycle {
  /** Rejects with what is wrong; may be called again then. */
  open(handlers: LedgerHandlers): Promise<void>
  session(): Session | undefined
  /** Does work with the session. Rejects with `ERR_STORE_UNAVAILABLE` before `open`, and with `ERR_CLOSED` after `close`. */
  use<T>(work: (session: Session) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Creates the life cycle of a session that is not open yet. */
export function createLifeCycle(options: SessionOptions): LifeCycle {
  const { place, clock } = options
  let opening: Promise<void> | undefined
  let session: Session | undefined
  let closing: Promise<void> | undefined

  async function openOnce(handlers: LedgerHandlers): Promise<void> {
    const opened = await openSession(options, handlers)
    session = opened
    opened.due.start()
  }

  async function closeOnce(): Promise<void> {
    await opening?.catch(() => undefined)
    if (session === undefined) return
    const { connections, messages } = session
    await isDoneWithin(clock, connections.isAway() ? 0 : CLOSE_MS, finish(session))
    messages.close()
    await connections.close()
  }

  return {
    async open(handlers) {
      if (closing !== undefined) throw createClosed()
      opening ??= openOnce(handlers).catch((error: unknown) => {
        opening = undefined
        throw error
      })
      await opening
    },
    session: () => session,
    use(work) {
      if (closing !== undefined) return Promise.reject(createClosed())
      if (session === undefined) return Promise.reject(createUnavailable(place, new Error('it is not open yet')))
      return work(session)
    },
    close() {
      closing ??= closeOnce()
      return closing
    },
  }
}

/** Lets the work under way end. */
async function finish({ due, writes, reads, lists }: Session): Promise<void> {
  await due.close()
  for (const lane of [writes, reads, lists]) await lane.close()
}
