import { CallbackError } from '../../../lib/base/errors'
import type { GivenRedis } from '../../../lib/base/given-clients'
import type { Clock, Ledger, LedgerHandlers, Logger } from '../../../lib/base/contracts'
import { nameOf } from './link/dial'
import { createClosed, describeUrl } from '../server-errors'
import { createUnavailable } from './errors'
import { loadRedis, type RedisLibrary, whyNoClient } from './link/library'
import { toText, toWritten, toWrittenAppend } from './records'
import { openSession, type Session } from './session'

const SCHEMES = ['redis://', 'rediss://']

export interface RedisLedgerOptions {
  /** The address of the server, or of several nodes of a Redis Cluster with commas between them. Empty when a client is given. */
  readonly url: string
  /** A client of ioredis that the app has: its address and options are used, and it stays open. */
  readonly redis?: GivenRedis | undefined
  /** The prefix of all keys: two apps on one server need two. */
  readonly prefix: string
  readonly clock: Clock
  readonly logger: Logger
  /** Loads ioredis; default: by `require`. */
  readonly load?: (() => RedisLibrary) | undefined
}

/**
 * Creates a ledger whose records are in a Redis that several processes share. Each step is one script. Nothing is loaded or
 * connected before `open`. Throws `ERR_CONFIG_VALUE` for the URL of another kind of server, and for a client that is not of ioredis.
 */
export function createRedisLedger({ url, redis, prefix, clock, logger, load }: RedisLedgerOptions): Ledger {
  refuseWrong(url, redis)
  const place = redis === undefined ? describeUrl(url) : nameOf(redis)
  let opening: Promise<void> | undefined
  let session: Session | undefined
  let closing: Promise<void> | undefined

  async function openOnce(handlers: LedgerHandlers): Promise<void> {
    const library = (): RedisLibrary => loadRedis(load)
    if (redis === undefined) library()
    session = await openSession({ url, given: redis, library, place, prefix, clock, logger }, handlers)
  }

  async function run<T>(work: (session: Session) => Promise<T>): Promise<T> {
    if (closing !== undefined) throw createClosed()
    if (session === undefined) throw createUnavailable(place, new Error('it is not open yet'))
    return work(session)
  }

  async function closeOnce(): Promise<void> {
    await opening?.catch(() => undefined)
    await session?.close()
  }

  // Values become text at once: a command may wait, and its caller may change the value meanwhile.
  return {
    async open(handlers) {
      if (closing !== undefined) throw createClosed()
      opening ??= openOnce(handlers).catch((error: unknown) => {
        opening = undefined
        throw error
      })
      await opening
    },
    async create(kind, id, record) {
      const written = toWritten(record)
      return run(({ records }) => records.create(kind, id, written))
    },
    async append(kind, id, entry, options = {}) {
      const [row, written] = [toText(entry), toWrittenAppend(options)]
      return run(async ({ records }) => (await records.append(kind, id, row, written)) ?? 0)
    },
    async claim(kind, id, entry, { orCreate, claim, dueMs }) {
      const [row, written] = [toText(entry), { ...toWrittenAppend({ orCreate }), claim, dueMs }]
      return run(({ records }) => records.append(kind, id, row, written))
    },
    read: (kind, id) => run(({ records }) => records.read(kind, id)),
    touch: (kind, id, ttlMs) => run(({ records }) => records.touch(kind, id, ttlMs)),
    async cut(kind, id, upTo, entry) {
      const row = toText(entry)
      return run(({ records }) => records.cut(kind, id, upTo, row))
    },
    list: (kind, options = {}) => run(({ records }) => records.list(kind, options)),
    async publish(message) {
      const text = toText(message)
      return run((opened) => opened.publish(text))
    },
    close() {
      closing ??= closeOnce()
      return closing
    },
  }
}

function refuseWrong(url: string, redis: GivenRedis | undefined): void {
  const why = redis === undefined ? undefined : whyNoClient(redis)
  if (why !== undefined)
    throw new CallbackError('ERR_CONFIG_VALUE', { at: 'options.redis', message: `options.redis is no client: ${why}` })
  if (redis !== undefined || SCHEMES.some((scheme) => url.toLowerCase().startsWith(scheme))) return
  const message = `The url of a redis store begins with redis://, not as ${describeUrl(url)} does`
  throw new CallbackError('ERR_CONFIG_VALUE', { message })
}
