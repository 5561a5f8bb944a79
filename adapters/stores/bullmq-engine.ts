import type { Clock, Logger } from '../../lib/types'
import type { BackendFactory, BullmqLibrary } from './bullmq-library'

/** The connections of a process to its server, and what differs between the servers. */
export interface Engine {
  readonly bullmq: BullmqLibrary
  readonly backend: BackendFactory
  /** What queues are made with. */
  readonly queues: object
  /** What is made with that waits for the server. */
  readonly workers: object
  /** How many commands to send at once. */
  readonly maxRunning: number
  /** How long to wait for a due record before looking again, in seconds. */
  readonly dueS: number
  /** How long to wait for a message before asking again, in milliseconds. */
  readonly messageMs: number
  /** What a queue is called, so that no other app has the same one. */
  nameOf(queue: string): string
  /** Tells everybody who listens to the queue of messages; gives the id of that event. */
  publish(text: string): Promise<string>
  /** Resolves when the server is there. */
  probe(): Promise<unknown>
  /** Closes all connections. May be called again. */
  close(): Promise<void>
}

export interface EngineOptions {
  readonly bullmq: BullmqLibrary
  readonly url: string
  readonly prefix: string
  readonly clock: Clock
  readonly logger: Logger
  /** Called when a connection has trouble. */
  onError(error: unknown): void
}

/** The queue of messages. */
export const MESSAGES = 'messages'

/** How many messages a server keeps for those whose connection is broken for a moment. */
export const KEPT_MESSAGES = 10_000

/** BullMQ knows how long it may wait for a job; this makes it less. */
export function limitWait<T extends object>(backend: T, seconds: number): T {
  return Object.defineProperty(backend, 'maximumBlockTimeout', { value: seconds })
}
