import type { Server } from 'node:http'
import type { ListenerSpec } from './config/normalize'
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
  /** Takes callbacks for open waits until there are none, at most for `drainMs`, and then ends everything. */
  close(waits: Waits, drainMs: number): Promise<void>
}

/** Gives the life cycle of one `callbacks()`; nothing is open yet. */
export function createLifecycle(store: Store, clock: Clock): Lifecycle {
  const servers = new Set<Server>()
  let closing = false
  let closed: Promise<void> | undefined

  async function closeServers(list: readonly Server[]): Promise<void> {
    for (const server of list) servers.delete(server)
    await Promise.all(list.map(closeServer))
  }

  async function closeAll(waits: Waits, drainMs: number): Promise<void> {
    if (drainMs > 0) await within(drainMs, waits.whenIdle(), clock)
    closing = true
    await store.close()
    await closeServers([...servers])
  }

  return {
    isClosing: () => closing,
    open: () => store.open(),
    async listen(mounts, listeners, reachable) {
      checkListeners(listeners)
      await store.open()
      const started: Server[] = []
      try {
        for (const standalone of mounts.createServers()) {
          reachable.ports.set(standalone.port, await listenOn(standalone))
          started.push(standalone.server)
          servers.add(standalone.server)
        }
      } catch (error) {
        await closeServers(started)
        throw error
      }
      return { ports: [...reachable.ports.values()], close: () => closeServers(started) }
    },
    close: (waits, drainMs) => (closed ??= closeAll(waits, drainMs)),
  }
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

/** Starts a server and gives the port that it got. Throws `ERR_LISTEN` when the port cannot be had. */
async function listenOn({ server, host, port }: StandaloneServer): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => reject(cannotListen(error, host, port))
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      resolve()
    })
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** Stops taking connections and waits for the requests that are in work. */
async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
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

function cannotListen(error: Error, host: string, port: number): CallbackError {
  const code = 'code' in error ? error.code : undefined
  const where = `Cannot listen on ${host}:${port}`
  if (code === 'EADDRINUSE') {
    const message = `${where}: another program has it. End that program, or change "port"`
    return new CallbackError('ERR_LISTEN', { message, cause: error })
  }
  return new CallbackError('ERR_LISTEN', { message: `${where}: ${error.message}`, cause: error })
}
