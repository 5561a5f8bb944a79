import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { CallbackError, codeOf } from '../base/errors'
import type { Clock } from '../base/contracts'

/** A server that does not listen yet, and where it should. */
export interface StandaloneServer {
  readonly host: string
  /** 0 asks for any that is free. */
  readonly port: number
  readonly server: Server
  /** Told of the port once it listens. */
  readonly onListening?: ((port: number) => void) | undefined
}

/** A server that listens, and who is connected to it. */
export interface OpenServer {
  readonly server: Server
  readonly port: number
  readonly sockets: ReadonlySet<Socket>
}

const CLOSE_MS = 10_000

/** Starts a server. Throws `ERR_LISTEN` when the port cannot be had. */
export async function listenOn({ server, host, port, onListening }: StandaloneServer): Promise<OpenServer> {
  const sockets = new Set<Socket>()
  const remember = (socket: Socket): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  server.on('connection', remember)
  // HTTPS: what a client says is read from a socket over the first, which may be there only after the server has closed.
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
 * Stops taking connections and waits for the requests that are in work, for ten seconds at most. Connections without a
 * request would keep the server open for a minute: Node does not count those as idle that have not said anything yet.
 */
export async function closeServer({ server, sockets }: OpenServer, clock: Clock): Promise<void> {
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
