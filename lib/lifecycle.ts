import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { ListenerSpec } from './config/normalize'
import { DURATION } from './config/values'
import { CallbackError } from './errors'
import type { Reachable } from './listener/callback-url'
import type { Mounts, StandaloneServer } from './mounts'
import type { Clock, Store } from './types'
import type { Waits } from './waits'

/** What `listen()` opened. */
export interface Listeners {
  /** The ports that are listened on. */
  readonly ports: readonly number[]
  close(): Promise<void>
}

/** Opens and closes what holds resources: the store, then servers; the last opened is the first closed. */
export interface Lifecycle {
  isClosing(): boolean
  open(): Promise<void>
  listen(mounts: Mounts, listeners: readonly ListenerSpec[], reachable: Reachable): Promise<Listeners>
  /** Takes callbacks for open waits until there are none, at most for as long as `drain` says, and then ends everything. */
  close(waits: Waits, drain: number | string | undefined): Promise<void>
}

const CLOSE_MS = 10_000

/** Gives the life cycle of one `callbacks()`; nothing is open yet. */
export function createLifecycle(store: Store, clock: Clock): Lifecycle {
  const servers = new Set<OpenServer>()
  const starting = new Set<Promise<Listeners>>()
  let closing = false
  let closed: Promise<void> | undefined
  let hurry = (): void => undefined
  const hurried = new Promise<void>((resolve) => {
    hurry = resolve
  })

  async function closeServers(list: readonly OpenServer[]): Promise<void> {
    for (const open of list) {
      servers.delete(open)
      open.forget()
    }
    await Promise.all(list.map((open) => closeServer(open, clock)))
  }

  async function closeAll(waits: Waits, drainMs: number): Promise<void> {
    if (drainMs > 0) await within(drainMs, Promise.race([waits.whenIdle(), hurried]), clock)
    closing = true
    await Promise.allSettled(starting)
    await closeServers([...servers])
    await store.close()
  }

  async function startServers(mounts: Mounts, { ports }: Reachable): Promise<Listeners> {
    const started: OpenServer[] = []
    try {
      await store.open()
      for (const standalone of mounts.createServers()) {
        if (closing) throw closedAlready()
        const open = await listenOn(standalone, () => ports.delete(standalone.port))
        started.push(open)
        servers.add(open)
        ports.set(standalone.port, open.port)
      }
      if (closing) throw closedAlready()
    } catch (error) {
      await closeServers(started)
      throw error
    }
    return { ports: started.map(({ port }) => port), close: () => closeServers(started) }
  }

  return {
    isClosing: () => closing,
    open: () => store.open(),
    async listen(mounts, listeners, reachable) {
      checkListeners(listeners)
      const start = startServers(mounts, reachable)
      starting.add(start)
      try {
        return await start
      } finally {
        starting.delete(start)
      }
    },
    close(waits, drain) {
      const drainMs = toDrain(drain)
      if (closed !== undefined && drainMs === 0) hurry()
      closed ??= closeAll(waits, drainMs)
      return closed
    },
  }
}

/** The longest delay that a timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1

function toDrain(drain: number | string | undefined): number {
  const drainMs = drain === Number.POSITIVE_INFINITY ? MAX_DELAY_MS : DURATION.read(drain ?? 0)
  if (drainMs !== undefined) return Math.min(drainMs, MAX_DELAY_MS)
  const message = `drain must be ${DURATION.expected}, not ${JSON.stringify(drain)}`
  throw new CallbackError('ERR_CONFIG_VALUE', { at: 'drain', message })
}

/** Refuses what cannot be served standalone. */
function checkListeners(listeners: readonly ListenerSpec[]): void {
  const docker = listeners.find((listener) => listener.runtime === 'docker')
  if (docker) {
    throw new CallbackError('ERR_CONFIG_UNSUPPORTED', {
      at: `${docker.at}.runtime`,
      message: 'A listener cannot run in docker yet; write "runtime: native"',
    })
  }
  if (listeners.length > 0) return
  throw new CallbackError('ERR_CONFIG_VALUE', {
    at: 'listener',
    message: 'There is no listener to listen for; add one',
  })
}

/** A server that listens, and who is connected to it. */
interface OpenServer {
  readonly server: Server
  readonly port: number
  readonly sockets: ReadonlySet<Socket>
  /** Called when it is closed: nobody can be sent to its port any more. */
  readonly forget: () => void
}

/** Starts a server. Throws `ERR_LISTEN` when the port cannot be had. */
async function listenOn({ server, host, port }: StandaloneServer, forget: () => void): Promise<OpenServer> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => reject(cannotListen(error, host, port))
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      resolve()
    })
  })
  const address = server.address()
  return { server, sockets, forget, port: typeof address === 'object' && address !== null ? address.port : port }
}

/**
 * Stops taking connections and waits for the requests that are in work, for ten seconds at most. Connections without a
 * request would keep the server open for a minute: Node does not count those as idle that have not said anything yet.
 */
async function closeServer({ server, sockets }: OpenServer, clock: Clock): Promise<void> {
  const timer = clock.setTimeout(() => server.closeAllConnections(), CLOSE_MS)
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.keepAliveTimeout = 1
    server.closeIdleConnections()
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  })
  clock.clearTimeout(timer)
}

/** Waits for work to be done, but no longer than a limit. */
async function within(limitMs: number, work: Promise<void>, clock: Clock): Promise<void> {
  let timer: unknown
  const limit = new Promise<void>((resolve) => {
    timer = clock.setTimeout(resolve, limitMs)
  })
  await Promise.race([work, limit])
  clock.clearTimeout(timer)
}

function closedAlready(): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: 'The callbacks are closed; nothing can be listened for' })
}

function cannotListen(error: Error, host: string, port: number): CallbackError {
  const code = 'code' in error ? error.code : undefined
  const where = `Cannot listen on ${host}:${port}`
  if (code === 'EADDRINUSE') {
    const message = `${where}: another program has it. End that program, or change "port"`
    return new CallbackError('ERR_LISTEN', { message, cause: error })
  }
  return new CallbackError('ERR_LISTEN', { message: `${where}: ${error.message}`, cause: error })
}
