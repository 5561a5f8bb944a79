import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../base/contracts'
import type { Answer } from './answer'
import { CallbackError } from '../base/errors'
import { writeShown } from '../base/values/shown-json'
import { startTimer } from '../base/timers'

/** Clients of server-sent events (HTML standard, 9.2). */
export interface EventStream {
  /**
   * Sends every event to a client from now on; with `Last-Event-ID`, first those that it has missed, or the event `reset`
   * when they are not known. Throws `ERR_STREAMS_FULL` and `ERR_CLOSED`.
   */
  join(request: IncomingMessage, response: ServerResponse): Answer | undefined
  /** Disconnects every client, and refuses new ones. */
  close(): void
}

const TYPE = 'text/event-stream; charset=utf-8'
const MAX_CLIENTS = 100
/** Proxies close connections that are silent for longer. */
const HEARTBEAT_MS = 15_000
/** A client that reads too slowly is disconnected; it connects again and reads the lists. */
const MAX_UNREAD_BYTES = 1024 ** 2

/** One event. */
export interface StreamEvent {
  readonly name: string
  readonly data: object
  /** The `Last-Event-ID` of a client whose last event is this one; only events that can be repeated have an id. */
  readonly id?: string
}

/** Tells every client of an event. */
export type Tell = (event: StreamEvent) => void

/** What a stream tells of. */
export interface StreamSource {
  /** Tells of what happens until the returned function is called. */
  subscribe(tell: Tell): () => void
  /** The id of the latest event that has one; undefined before the first. */
  latestId(): string | undefined
  /** Returns the events with ids after one, the oldest first; undefined when they are not known, or too many. */
  missed(id: string): readonly StreamEvent[] | undefined
}

/** The id that a client gets before the first event. */
const BEFORE_ALL = 'none'

/** Creates a stream without clients. It holds a timer, and listens to its source, only while it has clients. */
export function createEventStream(clock: Clock, source: StreamSource): EventStream {
  const clients = new Set<ServerResponse>()
  let isClosed = false
  let stopHeartbeat: (() => void) | undefined
  let unsubscribe: (() => void) | undefined

  function write(text: string): void {
    for (const response of clients) {
      if (response.writableLength > MAX_UNREAD_BYTES) response.destroy()
      else response.write(text)
    }
  }

  function beat(): void {
    write(': still here\n\n')
    stopHeartbeat = startTimer(clock, HEARTBEAT_MS, beat)
  }

  /** The events that a client has missed, or its first id. */
  function greet({ headers }: IncomingMessage): string {
    const latest = source.latestId() ?? BEFORE_ALL
    const last = headers['last-event-id']
    if (typeof last !== 'string' || last === '' || last === latest) return `id: ${latest}\n\n`
    const missed = last === BEFORE_ALL ? undefined : source.missed(last)
    return missed ? missed.map(writeEvent).join('') : writeEvent({ name: 'reset', id: latest, data: {} })
  }

  function leave(response: ServerResponse): void {
    clients.delete(response)
    if (clients.size > 0) return
    stopHeartbeat?.()
    unsubscribe?.()
    stopHeartbeat = undefined
    unsubscribe = undefined
  }

  return {
    join(request, response) {
      if (request.method === 'HEAD') return { status: 200, type: TYPE, text: '' }
      if (isClosed) throw new CallbackError('ERR_CLOSED', { message: 'The callbacks are closed; no events follow' })
      if (clients.size >= MAX_CLIENTS) {
        const message = `${MAX_CLIENTS} clients follow the events already; close one of them`
        throw new CallbackError('ERR_STREAMS_FULL', { message })
      }
      response.writeHead(200, {
        'content-type': TYPE,
        // The middleware `compression` would keep events until it has enough to pack.
        'cache-control': 'no-store, no-transform',
        'x-content-type-options': 'nosniff',
        // nginx keeps what it passes on until it has a page of it.
        'x-accel-buffering': 'no',
      })
      response.write(`retry: 2000\n\n${greet(request)}`)
      response.on('error', () => undefined)
      response.once('close', () => leave(response))
      request.resume()
      clients.add(response)
      stopHeartbeat ??= startTimer(clock, HEARTBEAT_MS, beat)
      unsubscribe ??= source.subscribe((event) => write(writeEvent(event)))
      return undefined
    },
    close() {
      isClosed = true
      for (const response of clients) {
        response.end()
        leave(response)
      }
    },
  }
}

function writeEvent({ name, data, id }: StreamEvent): string {
  return `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${writeShown(data)}\n\n`
}
