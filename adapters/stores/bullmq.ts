import { CallbackError } from '../../lib/errors'
import type { Ledger, LedgerHandlers, RecordKind } from '../../lib/types'
import { createClosed, createUnavailable, describeUrl } from './bullmq-errors'
import { toText, toWritten, type WrittenRecord } from './bullmq-records'
import { openSession, type Session, type SessionOptions } from './bullmq-session'
import { createTurns } from './bullmq-turns'

const SCHEMES = { redis: ['redis:', 'rediss:'], postgres: ['postgres:', 'postgresql:'] }

type Work<T> = (opened: Omit<Session, 'availability'>, isLate: () => boolean) => Promise<T>

/**
 * Keeps records in a Redis or a PostgreSQL that several processes share, by BullMQ: a record is a delayed job, its log
 * is the log of the job, and a job that can be worked on is a record that is due. Nothing is loaded nor connected before
 * `open`. Throws `ERR_CONFIG_VALUE` for a url of another kind.
 */
export function createBullmqLedger(options: SessionOptions): Ledger {
  const { type, url, clock } = options
  if (!SCHEMES[type].some((scheme) => url.startsWith(`${scheme}//`))) {
    const message = `The url of a ${type} store begins with ${SCHEMES[type][0]}//, not as ${describeUrl(url)} does`
    throw new CallbackError('ERR_CONFIG_VALUE', { message })
  }
  const turns = createTurns()
  let opening: Promise<void> | undefined
  let session: Session | undefined
  let closing: Promise<void> | undefined

  async function openOnce(handlers: LedgerHandlers): Promise<void> {
    const opened = await openSession(options, handlers)
    // A record that is due at once is worked on with this ledger.
    session = opened
    try {
      await opened.start()
    } catch (error) {
      session = undefined
      throw error
    }
  }

  const elapsed = (): number => clock.elapsed?.() ?? clock.now()

  function run<T>(work: Work<T>, how: { since?: number; isBatched?: boolean } = {}): Promise<T> {
    if (closing !== undefined) return Promise.reject(createClosed())
    if (session === undefined) return Promise.reject(createUnavailable(url, new Error('it is not open yet')))
    const { availability, ...opened } = session
    return availability.run((isLate) => work(opened, isLate), { since: elapsed(), isBatched: false, ...how })
  }

  const create = (kind: RecordKind, id: string, record: WrittenRecord, since?: number): Promise<void> =>
    run((opened) => opened.recordsOf(kind).create(id, record), { ...(since && { since }), isBatched: true })

  async function append(kind: RecordKind, id: string, row: string, record?: WrittenRecord): Promise<number> {
    const since = elapsed()
    const appendNow: Work<number> = (opened, isLate) => opened.recordsOf(kind).append(id, row, isLate)
    if (record === undefined) return turns.take(`${kind}:${id}`, () => run(appendNow, { since }))
    return turns.take(`${kind}:${id}`, async () => {
      // Appending in vain is slow: PostgreSQL refuses it, and pg gives up a connection that something was refused on.
      let isThere = await run((opened) => opened.recordsOf(kind).has(id), { since })
      for (;;) {
        if (!isThere) await create(kind, id, record, since)
        const length = await run(appendNow, { since })
        if (length > 0) return length
        isThere = false
      }
    })
  }

  async function closeOnce(): Promise<void> {
    await opening?.catch(() => undefined)
    await session?.close()
  }

  // What is given is written down at once: it may wait, and be changed meanwhile.
  return {
    async open(handlers) {
      if (closing !== undefined) throw createClosed()
      opening ??= openOnce(handlers).catch((error: unknown) => {
        opening = undefined
        throw error
      })
      await opening
    },
    create: async (kind, id, record) => create(kind, id, toWritten(record)),
    append: async (kind, id, entry, orCreate) => append(kind, id, toText(entry), orCreate && toWritten(orCreate)),
    read: (kind, id) => run((opened) => opened.recordsOf(kind).read(id)),
    touch: (kind, id, ttlMs) => run((opened) => opened.recordsOf(kind).touch(id, ttlMs)),
    list: (kind) => run((opened) => opened.recordsOf(kind).list()),
    publish(message) {
      const text = toText(message)
      return run((opened) => opened.publish(text), { isBatched: true })
    },
    close() {
      closing ??= closeOnce()
      return closing
    },
  }
}
