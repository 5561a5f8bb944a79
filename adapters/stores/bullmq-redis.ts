import { isDoneWithin } from '../../lib/timers'
import type { Logger } from '../../lib/types'
import { type Engine, type EngineOptions, KEPT_MESSAGES, limitWait, MESSAGES } from './bullmq-engine'
import { createUnavailable, describeUrl } from './bullmq-errors'
import type { BackendFactory, RedisClient, RedisLibrary } from './bullmq-library'

const CONNECT_MS = 3_000
const RECONNECT_MAX_MS = 1_000
/** BullMQ advises against older ones. */
const MIN_VERSION = [6, 2]
/** One process alone knows when the next record is due: when it goes, the others find out in so many seconds. */
const DUE_S = 5
const POLICY = /^maxmemory_policy:(\S+)/m

/** Connects to a Redis. Rejects with `ERR_STORE_UNAVAILABLE`, and leaves nothing behind then. */
export async function openRedis(options: EngineOptions & { readonly ioredis: RedisLibrary }): Promise<Engine> {
  const { bullmq, ioredis, url, prefix, clock, logger, onError } = options
  const clients: RedisClient[] = []
  let isOpen = false
  let firstError: unknown
  let lastError: unknown = new Error('The connection is closed')

  /** BullMQ makes more connections out of one; all of them are to be known, so that all can be closed. */
  function adopt(raw: RedisClient): RedisClient {
    clients.push(raw)
    raw.on('error', (error) => {
      firstError ??= error
      lastError = error
      if (isOpen) onError(error)
    })
    const client = bullmq.createIORedisClient(raw)
    client.duplicate = (override) => adopt(raw.duplicate(override))
    const askInfo = raw.info.bind(raw)
    // Every connection of BullMQ asks for it, without saying what for, and writes to the console what is told once here.
    raw.info = async (...args) => {
      const info = await askInfo(...args)
      return args.length > 0 ? info : info.replace(POLICY, 'maxmemory_policy:noeviction')
    }
    return client
  }

  function create(override: object): RedisClient {
    const base = {
      lazyConnect: true,
      connectTimeout: CONNECT_MS,
      // BullMQ refuses another value; how long commands may wait is not left to the client anyway.
      maxRetriesPerRequest: null,
      retryStrategy: (times: number) => (isOpen ? Math.min(times * 50, RECONNECT_MAX_MS) : null),
    }
    return adopt(new ioredis.Redis(url, { ...base, ...override }))
  }

  async function close(): Promise<void> {
    isOpen = false
    await Promise.all(clients.map(end))
  }

  // A log must not get an entry twice because its connection broke after the first; and without the zero, what was on its
  // way when the connection broke is never answered, and whatever has its turn after that never comes.
  const commands = create({ autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 })
  const workers = create({})
  try {
    const connected = Promise.all([commands.connect(), workers.connect()])
    if (!(await isDoneWithin(clock, CONNECT_MS, connected))) throw new Error(`no answer within ${CONNECT_MS} ms`)
    // A wrong number of a database is only told in passing.
    if (firstError !== undefined) throw firstError
    checkServer(await commands.info('everything'), describeUrl(url), logger)
  } catch (error) {
    await close()
    throw createUnavailable(url, firstError ?? error)
  }
  isOpen = true
  commands.on('close', () => {
    if (isOpen) onError(new Error('The connection was closed'))
  })

  const backend: BackendFactory = (name, made, role) => limitWait(bullmq.createRedisBackend(name, made, role), DUE_S)
  const producer = new bullmq.Queue(MESSAGES, { connection: commands, prefix }, backend)
  producer.on('error', onError)
  return {
    bullmq,
    backend,
    queues: { connection: commands, prefix },
    workers: { connection: workers, prefix },
    maxRunning: Infinity,
    dueS: DUE_S,
    messageMs: 10_000,
    nameOf: (queue) => queue,
    publish: (text) => producer.getBackend().publishEvent({ event: 'message', text }, KEPT_MESSAGES),
    probe() {
      if (commands.status !== 'ready') return Promise.reject(lastError)
      return commands.ping()
    },
    async close() {
      await producer.close()
      await close()
    },
  }
}

/** Resolves when a client has ended. */
async function end(client: RedisClient): Promise<void> {
  const { status } = client
  if (status === 'end' || status === 'wait') return
  const ended = new Promise<void>((resolve) => client.on('end', resolve))
  client.disconnect()
  // Between two attempts to connect it ends without a word.
  if (status !== 'reconnecting') await ended
}

/** Reads what a server tells of itself: refuses one that is too old, and warns of one that may forget. */
export function checkServer(info: string, place: string, logger: Logger): void {
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [minMajor = 0, minMinor = 0] = MIN_VERSION
  if (major < minMajor || (major === minMajor && minor < minMinor))
    throw new Error(
      `Redis ${MIN_VERSION.join('.')} or newer is needed, and this is ${version || 'of no known version'}`,
    )
  const policy = POLICY.exec(info)?.[1] ?? 'noeviction'
  if (policy === 'noeviction') return
  logger.warn(
    { policy },
    `The store ${place} forgets records when its memory is full; set its maxmemory-policy to noeviction`,
  )
}
