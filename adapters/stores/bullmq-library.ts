import { CallbackError } from '../../lib/errors'
import { findPeer } from '../../lib/peers'

/** What is used of the package bullmq. */
export interface BullmqLibrary {
  readonly Queue: new (name: string, options: object, backend: BackendFactory) => BullmqQueue
  readonly Worker: new (name: string, process: ProcessJob, options: object, backend: BackendFactory) => BullmqWorker
  readonly QueueEvents: new (name: string, options: object, backend: BackendFactory) => BullmqEvents
  readonly DelayedError: new () => Error
  readonly createRedisBackend: BackendFactory
  /** Gives the client that BullMQ talks to Redis through; its methods can be replaced. */
  readonly createIORedisClient: (client: RedisClient) => RedisClient
  readonly PostgresConnection: new (config: object) => PostgresConnection
  readonly PostgresQueueBackend: new (connection: PostgresConnection, name: string, options: object) => object
  readonly SchemaMigrationRequiredError: new (...args: never) => Error
  readonly LATEST_SCHEMA_VERSION: number
  readonly assertSchemaCompatibility: (client: PostgresClient, schema: string) => Promise<number>
  readonly runMigrations: (client: PostgresClient, schema: string) => Promise<number>
}

/** Makes what a queue talks to its server through; BullMQ asks it with a name, options and a role. */
export type BackendFactory = (name: string, options: object, role?: object) => object

/** Works on a job; the token proves that it is this process that does. */
export type ProcessJob = (job: BullmqJob, token: string | undefined) => Promise<unknown>

interface Emitter {
  on(event: 'error', listener: (error: unknown) => void): unknown
  waitUntilReady(): Promise<unknown>
}

export interface BullmqQueue extends Emitter {
  add(name: string, data: string, options: object): Promise<unknown>
  addBulk(jobs: readonly { name: string; data: string; opts: object }[]): Promise<unknown>
  getJob(id: string): Promise<BullmqJob | undefined>
  addJobLog(id: string, row: string): Promise<number>
  getJobLogs(id: string, start: number, end: number, ascending: boolean): Promise<{ readonly logs: readonly string[] }>
  getRanges(states: readonly string[], start: number, end: number, ascending: boolean): Promise<readonly string[]>
  getBackend(): BullmqBackend
  close(): Promise<void>
}

/** The part of BullMQ that knows the server. */
interface BullmqBackend {
  /** Throws an error whose `code` is -1 without the job, and -3 when the job is not delayed. */
  changeDelay(id: string, delayMs: number): Promise<void>
  getState(id: string): Promise<string>
  /** Gives the id of the event. */
  publishEvent(fields: object, maxEvents: number): Promise<string>
}

export interface BullmqJob {
  readonly id?: string | undefined
  readonly data: unknown
  /** When it was made. */
  readonly timestamp: number
  moveToCompleted(value: unknown, token: string | undefined, fetchNext: boolean): Promise<unknown>
  moveToDelayed(at: number, token: string | undefined): Promise<void>
}

export interface BullmqWorker extends Emitter {
  /** Takes no more jobs. */
  pause(doNotWait: boolean): Promise<void>
  /** Has what waits for the next job wait no more. */
  getBackend(): { disconnectBlocking(doWait: boolean): Promise<void> }
  close(force: boolean): Promise<void>
}

export interface BullmqEvents {
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'message', listener: (fields: { readonly text?: unknown }) => void): unknown
  /** Rejects when it cannot begin; resolves when it is closed. */
  run(): Promise<void>
  waitUntilReady(): Promise<unknown>
  close(): Promise<void>
}

/** What is used of the package ioredis. */
export interface RedisLibrary {
  readonly Redis: new (url: string, options: object) => RedisClient
}

export interface RedisClient {
  readonly status: string
  duplicate: (override?: object) => RedisClient
  info: (...args: readonly unknown[]) => Promise<string>
  connect(): Promise<unknown>
  disconnect(): void
  ping(): Promise<unknown>
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'close' | 'end', listener: () => void): unknown
}

/** The connections of a process to PostgreSQL: a pool, and one that listens. */
export interface PostgresConnection {
  on(event: 'error', listener: (error: unknown) => void): unknown
  readonly pool: {
    connect(): Promise<PostgresClient>
    query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>
  }
  /** Gives the one that listens; another one when that was lost. */
  getListenClient: () => Promise<PostgresListener>
  waitUntilReady(): Promise<void>
  close(): Promise<void>
}

export interface PostgresListener {
  query: (...args: readonly unknown[]) => Promise<unknown>
}

export interface PostgresClient {
  release(error?: boolean): void
}

/** The packages, loaded when they are asked for. */
export interface Libraries {
  bullmq(): BullmqLibrary
  ioredis(): RedisLibrary
  pg(): unknown
}

const INSTALLED: Libraries = {
  bullmq: () => require('bullmq'),
  ioredis: () => require('ioredis'),
  pg: () => require('pg'),
}

/**
 * Loads bullmq and the client of the server, which a user installs beside this package. Throws `ERR_CONFIG_UNSUPPORTED`
 * when one is not there.
 */
export function loadLibraries<T extends 'ioredis' | 'pg'>(
  store: string,
  client: T,
  libraries: Libraries = INSTALLED,
): { readonly bullmq: BullmqLibrary; readonly client: ReturnType<Libraries[T]> } {
  const bullmq = findPeer('bullmq', () => libraries.bullmq())
  const found = findPeer(client, () => libraries[client]() as ReturnType<Libraries[T]>)
  if (bullmq !== undefined && found !== undefined) return { bullmq, client: found }
  const missing = [bullmq === undefined ? 'bullmq' : [], found === undefined ? client : []].flat().join(' and ')
  const message = `A ${store} store needs the packages bullmq and ${client}; not installed: ${missing}. npm install bullmq ${client}`
  throw new CallbackError('ERR_CONFIG_UNSUPPORTED', { message })
}
