import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../base/contracts'
import { CallbackError } from '../base/errors'
import { writeShown } from '../base/values/shown-json'
import { startTimer } from '../base/timers'
/** Clients of server-sent events (HTML standard, 9.2). */
export interface EventStream {
  /** Takes a client, which is told of every event from now on. Throws `ERR_STREAMS_FULL`. */
  join(request: IncomingMessage, response: ServerResponse): void
  /** Tells all clients; `create` is called only when there is one. */
  tell(name: string, create: () => object): void
  /** Lets every client go. */
  close(): void
}

const MAX_CLIENTS = 100
/** Proxies end connections on which nothing is said for longer. */
const HEARTBEAT_MS = 15_000
/** A client that reads more slowly than things happen is let go; it connects again and reads the lists. */
const MAX_UNREAD_BYTES = 1024 ** 2

/** Creates a stream without clients; it holds a timer only while it has one. */
export function createEventStream(clock: Clock): EventStream {
  const clients = new Set<ServerResponse>()
  let stopHeartbeat: (() => void) | undefined

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

  function leave(response: ServerResponse): void {
    clients.delete(response)
    if (clients.size > 0) return
    stopHeartbeat?.()
    stopHeartbeat = undefined
  }

  return {
    join(request, response) {
      if (clients.size >= MAX_CLIENTS) {
        const message = `${MAX_CLIENTS} clients follow the events already; close one of them`
        throw new CallbackError('ERR_STREAMS_FULL', { message })
      }
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        // nginx keeps what it passes on until it has a page of it.
        'x-accel-buffering': 'no',
      })
      response.write('retry: 2000\n\n')
      response.on('error', () => undefined)
      response.once('close', () => leave(response))
      request.resume()
      clients.add(response)
      stopHeartbeat ??= startTimer(clock, HEARTBEAT_MS, beat)
    },
    tell(name, create) {
      if (clients.size > 0) write(`event: ${name}\ndata: ${writeShown(create())}\n\n`)
    },
    close() {
      for (const response of clients) response.end()
    },
  }
}
