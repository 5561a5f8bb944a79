import { type GivenRedis, splitNodes } from '../../../../lib/base/given-clients'
import type { Clock } from '../../../../lib/base/contracts'
import { isError } from '../errors'
import { isCluster, isSingle, type RedisClient, type RedisLibrary } from './library'
import { answerWithin } from './wire'

/** How long one attempt to connect to one server may take, in milliseconds. */
const CONNECT_MS = 2_000
/** How often a Redis Cluster may say that another node has the keys. */
const MAX_HOPS = 5
const MAX_TARGETS = 50

/** ioredis never repairs a connection, and never sends again what was in flight: both are decided here. */
const OWN_OPTIONS = {
  lazyConnect: true,
  enableReadyCheck: false,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
  reconnectOnError: null,
  connectTimeout: CONNECT_MS,
  disconnectTimeout: 100,
  commandTimeout: undefined,
  socketTimeout: undefined,
  keyPrefix: '',
  readOnly: false,
  monitor: false,
  protocol: 2,
}

export interface DialOptions {
  readonly url: string
  /** A client that an app has. Connections have its address and options, and the client stays as it is. */
  readonly given: GivenRedis | undefined
  readonly library: () => RedisLibrary
  readonly clock: Clock
}

/** Connects to the server that has the keys of the store. */
export interface Dialer {
  /**
   * Connects to one server after another until `enter` resolves. When `enter` fails with `MOVED`, the node of the cluster
   * that it names is tried next. When no server can be used, this rejects with the error of the first one, and no
   * connection is left open.
   */
  dial(enter: (client: RedisClient) => Promise<void>): Promise<RedisClient>
}

interface Address {
  readonly host: string
  readonly port: number
}

/** Creates a client that is not connected. */
type Target = () => RedisClient

export function createDialer({ url, given, library, clock }: DialOptions): Dialer {
  /** The servers by their addresses. The one that was used last stands at the end, and is tried first. */
  const known = new Map<string, Target>()
  const natMap: unknown = Reflect.get(given?.options ?? {}, 'natMap')

  async function listTargets(): Promise<void> {
    if (given === undefined) {
      for (const node of splitNodes(url)) known.set(node, () => new (library().Redis)(node, OWN_OPTIONS))
    } else if (isCluster(given)) {
      // A cluster that is not connected knows no nodes.
      if (given.nodes().length === 0) await answerWithin(clock, CONNECT_MS, given.call('ping'))
      for (const node of given.nodes()) known.set(nameOf(node), () => node.duplicate(OWN_OPTIONS))
    } else if (isSingle(given)) known.set(nameOf(given), () => given.duplicate(OWN_OPTIONS))
  }

  function remember(client: RedisClient, { host, port }: Address): void {
    const name = `${host}:${port}`
    if (known.size < MAX_TARGETS && !known.has(name))
      known.set(name, () => client.duplicate({ ...OWN_OPTIONS, host, port }))
  }

  async function tryAt(
    name: string,
    target: Target,
    enter: (client: RedisClient) => Promise<void>,
  ): Promise<RedisClient> {
    let client = await connect(clock, target())
    for (let hops = 0; ; hops++) {
      try {
        await enter(client)
        break
      } catch (error) {
        client.disconnect()
        const moved = hops < MAX_HOPS ? parseMoved(error, client, natMap) : undefined
        if (moved === undefined) throw error
        remember(client, moved)
        client = await connect(clock, client.duplicate({ ...OWN_OPTIONS, ...moved }))
      }
    }
    for (const address of await listNodes(clock, client)) remember(client, mapAddress(address, natMap))
    known.delete(name)
    known.set(name, target)
    return client
  }

  return {
    async dial(enter) {
      if (known.size === 0) await listTargets()
      let failure: unknown
      for (const [name, target] of [...known].toReversed()) {
        try {
          return await tryAt(name, target, enter)
        } catch (error) {
          failure ??= error
        }
      }
      throw failure ?? new Error('no server is known')
    },
  }
}

/** Connects a client. Rejects with the reason, which ioredis tells only by an event. */
async function connect(clock: Clock, client: RedisClient): Promise<RedisClient> {
  let firstError: unknown
  client.on('error', (error) => {
    firstError ??= error
  })
  try {
    await answerWithin(clock, CONNECT_MS, client.connect())
    // With a wrong password, or the number of a database that does not exist, it connects all the same.
    await answerWithin(clock, CONNECT_MS, client.call('ping'))
    if (firstError !== undefined) throw firstError
    return client
  } catch (error) {
    client.disconnect()
    throw firstError ?? error
  }
}

/** Returns the address of a client without user and password, for messages. */
export function nameOf(client: GivenRedis): string {
  if (isCluster(client)) return client.nodes().map(nameOf).join(',') || 'redis cluster'
  const { host, port, path, sentinels, name }: Readonly<Record<string, unknown>> = { ...client.options }
  if (Array.isArray(sentinels)) return `redis (${String(name)} by Sentinel)`
  return path ? String(path) : `redis://${String(host)}:${String(port)}`
}

/** Reads `MOVED 1234 host:port`; a node that does not know its own name leaves the host out. */
function parseMoved(error: unknown, client: RedisClient, natMap: unknown): Address | undefined {
  if (!isError(error, 'MOVED')) return undefined
  const address = String(error).trim().split(' ').at(-1) ?? ''
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? []
  return mapAddress({ host: host || String(client.options['host']), port: Number(port) }, natMap)
}

/** A cluster may name its nodes by addresses that cannot be reached from here; then `natMap` of its client translates them. */
function mapAddress(address: Address, natMap: unknown): Address {
  const mapped: unknown = Reflect.get(Object(natMap), `${address.host}:${address.port}`)
  if (typeof mapped !== 'object' || mapped === null) return address
  const { host, port }: { host?: unknown; port?: unknown } = mapped
  return { host: String(host), port: Number(port) }
}

/** Returns the nodes of the cluster; none when there is no cluster, or the user may not ask. */
async function listNodes(clock: Clock, client: RedisClient): Promise<readonly Address[]> {
  const slots = await answerWithin(clock, CONNECT_MS, client.call('CLUSTER', 'SLOTS')).catch(() => [])
  if (!Array.isArray(slots)) return []
  const nodes = slots.flatMap((slot: unknown) => (Array.isArray(slot) ? slot.slice(2) : []))
  return nodes.flatMap((node: unknown) => {
    if (!Array.isArray(node) || !node[0]) return []
    return [{ host: String(node[0]), port: Number(node[1]) }]
  })
}
