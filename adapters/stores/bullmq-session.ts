import { isDoneWithin } from '../../lib/timers'
import type { Clock, LedgerHandlers, Logger, RecordKind } from '../../lib/types'
import { type Availability, createAvailability } from './bullmq-availability'
import { createDue, type Due } from './bullmq-due'
import type { Engine } from './bullmq-engine'
import { createUnavailable } from './bullmq-errors'
import { type Libraries, loadLibraries } from './bullmq-library'
import { type Messages, openMessages } from './bullmq-messages'
import { openPostgres } from './bullmq-postgres'
import { createRecords, type Records } from './bullmq-records'
import { openRedis } from './bullmq-redis'

const KINDS: readonly RecordKind[] = ['key', 'mark', 'run', 'owner']
/** How long queues may take to be ready when their server answers, and to close, in milliseconds. */
const READY_MS = 5_000
const CLOSE_MS = 1_000

export interface SessionOptions {
  readonly type: 'redis' | 'postgres'
  readonly url: string
  /** Keeps the records of one app apart from those of another one on the same server. */
  readonly prefix: string
  readonly clock: Clock
  readonly logger: Logger
  /** Loads what a user installs beside this package; default: by `require`. */
  readonly libraries?: Libraries
}

/** A server and everything that is open on it. */
export interface Session {
  readonly availability: Availability
  recordsOf(kind: RecordKind): Records
  publish(text: string): Promise<void>
  /** Begins to hand over due records. */
  start(): Promise<void>
  close(): Promise<void>
}

/** Opens everything but the handing over of due records. Leaves nothing behind when it rejects. */
export async function openSession(options: SessionOptions, handlers: LedgerHandlers): Promise<Session> {
  const { url, clock, logger } = options
  let availability: Availability | undefined
  const onError = (error: unknown): void => availability?.suspect(error)
  const engine = await openEngine(options, onError)
  const probe = (): Promise<unknown> => engine.probe()
  const { maxRunning } = engine
  const watched = createAvailability({ url, clock, logger, maxRunning, probe, onBack: () => handlers.onBack() })
  availability = watched
  const records = new Map(KINDS.map((kind) => [kind, createRecords(engine, kind, onError)]))
  const dues: Due[] = []
  let messages: Messages | undefined

  function recordsOf(kind: RecordKind): Records {
    const found = records.get(kind)
    if (found === undefined) throw new TypeError(`There are no records of the kind ${kind}`)
    return found
  }

  /** Closes what can be closed while the server answers; the connections are closed in any case. */
  async function close(): Promise<void> {
    await Promise.all(dues.map((due) => due.stop()))
    await watched.close()
    const parts = [...(messages === undefined ? [] : [messages]), ...records.values(), ...dues]
    const closing = parts.map((part) => part.close())
    await isDoneWithin(clock, CLOSE_MS, Promise.allSettled(closing))
    await isDoneWithin(clock, CLOSE_MS, engine.close())
  }

  async function whenReady(parts: readonly { ready(): Promise<unknown> }[]): Promise<void> {
    const ready = Promise.all(parts.map((part) => part.ready()))
    if (!(await isDoneWithin(clock, READY_MS, ready))) throw new Error(`not ready within ${READY_MS} ms`)
  }

  try {
    await whenReady([...records.values()])
    const opened = openMessages({ engine, clock, onMessage: (message) => handlers.onMessage(message), onError })
    await whenReady([{ ready: () => opened }])
    messages = await opened
  } catch (error) {
    await close()
    throw createUnavailable(url, error)
  }
  const { publish } = messages
  return {
    availability: watched,
    recordsOf,
    publish,
    async start() {
      dues.push(...KINDS.map((kind) => createDue({ engine, kind, handlers, clock, logger, onError })))
      try {
        await whenReady(dues)
      } catch (error) {
        await close()
        throw createUnavailable(url, error)
      }
    },
    close,
  }
}

function openEngine(options: SessionOptions, onError: (error: unknown) => void): Promise<Engine> {
  const { type, libraries } = options
  if (type === 'postgres')
    return openPostgres({ ...options, bullmq: loadLibraries(type, 'pg', libraries).bullmq, onError })
  const { bullmq, client } = loadLibraries(type, 'ioredis', libraries)
  return openRedis({ ...options, bullmq, ioredis: client, onError })
}
