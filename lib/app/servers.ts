import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Config } from '../config/normalize'
import { CallbackError, codeOf } from '../base/errors'
import type { Clock, Store } from '../base/contracts'
import type { Gateways } from '../gateway/gateways'
import type { Reachable } from '../listener/paths/callback-url'
import type { Listeners } from './interface'

/** A server that does not listen yet, and its address. */
export interface StandaloneServer {
  readonly host: string
  /** 0 asks for any that is free. */
  readonly port: number
  readonly server: Server
  /** Told of the port once it listens. */
  readonly onListening?: ((port: number) => void) | undefined
}

/** A server that listens, and its connections. */
export interface OpenServer {
  readonly server: Server
  readonly port: number
  readonly sockets: ReadonlySet<Socket>
}

/** The servers of one `listen()`, which do not listen yet. */
export interface StandaloneServers {
  readonly listeners: readonly StandaloneServer[]
  readonly controller: StandaloneServer | undefined
}

/** What `listen()` opens, and the servers of it that are still open. */
export interface Standalone {
  /** Opens the store, the servers and the gateways. When one cannot be opened, the servers before it are closed. */
  listen(create: () => StandaloneServers): Promise<Listeners>
  /** Resolves when no `listen()` is under way. */
  whenSettled(): Promise<unknown>
  /** Closes every server. */
  close(): Promise<void>
}

export interface StandaloneContext {
  readonly store: Store
  readonly gateways: Gateways
  /** Learns the real port of each listener. */
  readonly reachable: Reachable
  readonly clock: Clock
  readonly isClosing: () => boolean
}

const CLOSE_MS = 10_000

/** Creates the standalone servers of one `callbacks()`; none is open. */
export function createStandalone({ store, gateways, reachable, clock, isClosing }: StandaloneContext): Standalone {
  const servers = new Set<OpenServer>()
  const starting = new Set<Promise<Listeners>>()

  async function closeServers(list: readonly OpenServer[]): Promise<void> {
    for (const open of list) servers.delete(open)
    await Promise.all(list.map((open) => closeServer(open, clock)))
  }

  async function startServers({ listeners, controller }: StandaloneServers): Promise<Listeners> {
    const started: OpenServer[] = []
    const ports = new Map<number, number>()

    async function start(standalone: StandaloneServer): Promise<OpenServer> {
      if (isClosing()) throw closedAlready()
      const open = await listenOn(standalone)
      started.push(open)
      servers.add(open)
      return open
    }

    async function stop(): Promise<void> {
      for (const port of ports.keys()) reachable.ports.delete(port)
      await closeServers(started)
    }

    try {
      await store.open()
      for (const listener of listeners) {
        const { port } = await start(listener)
        ports.set(listener.port, port)
        reachable.ports.set(listener.port, port)
      }
      const open = controller && (await start(controller))
      await gateways.open()
      if (isClosing()) throw closedAlready()
      const own = started.filter((one) => one !== open)
      return { ports: own.map(({ port }) => port), controllerPort: open?.port, close: stop }
    } catch (error) {
      await stop()
      throw error
    }
  }

  return {
    async listen(create) {
      if (isClosing()) throw closedAlready()
      const begun = startServers(create())
      starting.add(begun)
      try {
        return await begun
      } finally {
        starting.delete(begun)
      }
    },
    whenSettled: () => Promise.allSettled(starting),
    close: () => closeServers([...servers]),
  }
}

/** Refuses a config that cannot be served standalone. Throws `ERR_CONFIG_UNSUPPORTED` and `ERR_CONFIG_VALUE`. */
export function checkListeners({ listeners }: Config, hasController: boolean): void {
  const docker = listeners.find((listener) => listener.runtime === 'docker')
  if (docker) {
    throw new CallbackError('ERR_CONFIG_UNSUPPORTED', {
      at: `${docker.at}.runtime`,
      message: 'A listener cannot run in docker yet; write "runtime: native"',
    })
  }
  if (listeners.length > 0 || hasController) return
  throw new CallbackError('ERR_CONFIG_VALUE', {
    at: 'listener',
    message: 'There is no listener to listen for, and no controller; add one',
  })
}

/** Creates the error for what is opened after `close()`. */
export function closedAlready(): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: 'The callbacks are closed; nothing can be listened for' })
}

/** Starts a server. Throws `ERR_LISTEN` when the port cannot be had. */
export async function listenOn({ server, host, port, onListening }: StandaloneServer): Promise<OpenServer> {
  const sockets = new Set<Socket>()
  const remember = (socket: Socket): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  server.on('connection', remember)
  // With HTTPS a second socket, over the first, reads the requests; it may be created only after the server has closed.
  server.on('secureConnection', (socket) => (server.listening ? remember(socket) : socket.destroy()))
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => reject(cannotListen(error, host, port))
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      resolve()
    })
  })
  const address = server.address()
  const open = { server, sockets, port: typeof address === 'object' && address !== null ? address.port : port }
  onListening?.(open.port)
  return open
}

/**
 * Takes no more connections and waits for the requests in flight, for ten seconds at most. A connection without any
 * request would keep the server open for a minute, since Node does not count it as idle.
 */
async function closeServer({ server, sockets }: OpenServer, clock: Clock): Promise<void> {
  const timer = clock.setTimeout(() => {
    for (const socket of sockets) socket.destroy()
  }, CLOSE_MS)
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.keepAliveTimeout = 1
    server.closeIdleConnections()
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  })
  clock.clearTimeout(timer)
}

function cannotListen(error: Error, host: string, port: number): CallbackError {
  const code = codeOf(error)
  const where = `Cannot listen on ${host}:${port}`
  if (code === 'EADDRINUSE') {
    const message = `${where}: another program has it. End that program, or change "port"`
    return new CallbackError('ERR_LISTEN', { message, cause: error })
  }
  return new CallbackError('ERR_LISTEN', { message: `${where}: ${error.message}`, cause: error })
}
