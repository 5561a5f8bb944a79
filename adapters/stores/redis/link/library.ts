import { loadPeer } from '../../../../lib/base/peers'
import type { GivenRedis } from '../../../../lib/base/given-clients'

/** The part of the package ioredis that is used. */
export interface RedisLibrary {
  readonly Redis: new (url: string, options: object) => RedisClient
}

/** The part of a client of ioredis that is used, whether the client is ours or the app's. */
export interface RedisClient {
  readonly options: Readonly<Record<string, unknown>>
  /** The socket; missing before the first connection. */
  readonly stream?: { readonly bytesRead?: number; readonly writable?: boolean } | undefined
  connect(): Promise<unknown>
  /** Ends the connection. What is in flight rejects. */
  disconnect(): void
  /** Creates a client with the same options. */
  duplicate(override: object): RedisClient
  call(name: string, ...args: readonly string[]): Promise<unknown>
  pipeline(commands: readonly (readonly string[])[]): { exec(): Promise<readonly Result[] | null> }
  subscribe(channel: string): Promise<unknown>
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'end', listener: () => void): unknown
  on(event: 'message', listener: (channel: string, text: string) => void): unknown
}

/** The answer to one command of several: its error, or its value. */
export type Result = readonly [error: unknown, value?: unknown]

/** A client of ioredis for a Redis Cluster. */
export interface RedisCluster extends GivenRedis {
  nodes(): readonly RedisClient[]
}

/** Returns what is wrong with a value as `options.redis`, or undefined. */
export function whyNoClient(value: unknown): string | undefined {
  const has = (name: string): boolean => typeof Reflect.get(Object(value), name) === 'function'
  if (has('call') && (has('nodes') || has('duplicate'))) return undefined
  if (has('sendCommand')) return 'it looks like a client of the package redis; expected one of ioredis'
  return 'expected a client of the package ioredis: new Redis(…) or new Cluster(…)'
}

/** Says whether a client is that of a cluster. */
export function isCluster(client: GivenRedis): client is RedisCluster {
  return 'nodes' in client && typeof client.nodes === 'function'
}

/** Says whether a client is that of one server, or of servers behind Sentinel. */
export function isSingle(client: GivenRedis): client is RedisClient {
  return !isCluster(client)
}

/** Loads ioredis, which a user installs beside this package. Throws `ERR_CONFIG_UNSUPPORTED` when it is not there. */
export function loadRedis(load: () => RedisLibrary = () => require('ioredis')): RedisLibrary {
  return loadPeer('ioredis', 'A redis store', load)
}
