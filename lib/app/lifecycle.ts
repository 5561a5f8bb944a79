import type { ListenerSpec } from '../config/normalize'
import { CallbackError, reasonOf } from '../base/errors'
import type { Gateways } from '../gateway/gateways'
import type { Reachable } from '../listener/paths/callback-url'
import { readDuration } from './options'
import { closeServer, listenOn, type OpenServer, type StandaloneServer } from './servers'
import { isDoneWithin, MAX_TIMER_MS, unref } from '../base/timers'
import type { Clock, Logger, Store } from '../base/contracts'
import type { Waits } from './waits'
import type { Tasks } from '../workflow/tasks/tasks'

/** What `listen()` opened. */
export interface Listeners {
  /** The ports of the listeners. */
  readonly ports: readonly number[]
  /** The port of the controller, where it is served. */
  readonly controllerPort: number | undefined
  close(): Promise<void>
}

/** The servers of `listen()`. */
export interface StandaloneServers {
  readonly listeners: readonly StandaloneServer[]
  readonly controller: StandaloneServer | undefined
}

/** Opens and closes what holds resources: the store, servers, gateways; the last opened is the first closed. */
export interface Lifecycle {
  /** Whether nothing is taken any more. */
  isClosing(): boolean
  /** Whether only what is under way goes on. */
  isDraining(): boolean
  open(): Promise<void>
  listen(create: () => StandaloneServers): Promise<Listeners>
  /** To be told of the first request: warns when five seconds later nobody has opened the gateways. */
  noticeRequest(): void
  /**
   * Starts nothing new, goes on until nobody waits and no task runs, at most for as long as `drain` says, and then ends
   * everything.
   */
  close(drain: number | string | undefined): Promise<void>
}

export interface LifecycleContext {
  readonly store: Store
  readonly gateways: Gateways
  readonly tasks: Tasks
  readonly waits: Waits
  readonly reachable: Reachable
  readonly clock: Clock
  readonly logger: Logger
}

const UNOPENED_MS = 5000
/** How long gateways have to close, a tunnel that is on its way included. */
const GATEWAYS_MS = 15_000

/** Gives the life cycle of one `callbacks()`; nothing is open yet. */
export function createLifecycle(context: LifecycleContext): Lifecycle {
  const { store, gateways, tasks, waits, reachable, clock, logger } = context
  const servers = new Set<OpenServer>()
  const starting = new Set<Promise<Listeners>>()
  let draining = false
  let closing = false
  let closed: Promise<void> | undefined
  let reminder: unknown
  let hurry = (): void => undefined
  const hurried = new Promise<void>((resolve) => {
    hurry = resolve
  })

  function isUnopened(): boolean {
    return store.isOpen === false || hasUnopened(gateways)
  }

  async function openAll(): Promise<void> {
    if (closing) throw closedAlready()
    await store.open()
    await gateways.open()
  }

  async function whenIdle(): Promise<void> {
    do {
      await waits.whenIdle()
      await tasks.whenIdle()
    } while (store.stats().waiting > 0)
  }

  async function closeServers(list: readonly OpenServer[]): Promise<void> {
    for (const open of list) servers.delete(open)
    await Promise.all(list.map((open) => closeServer(open, clock)))
  }

  /** A tunnel that does not end must not keep waits from ending. */
  async function closeGateways(): Promise<void> {
    const ended = Promise.all([gateways.close(), Promise.allSettled(starting)])
    if (await isDoneWithin(clock, GATEWAYS_MS, ended)) return
    logger.warn({}, `A gateway did not close within ${GATEWAYS_MS} ms; it is left behind`)
  }

  async function closeAll(drainMs: number): Promise<void> {
    draining = true
    tasks.refuse()
    if (drainMs > 0) await isDoneWithin(clock, drainMs, Promise.race([whenIdle(), hurried]))
    closing = true
    if (reminder !== undefined) clock.clearTimeout(reminder)
    await closeGateways()
    await tasks.close()
    await closeServers([...servers])
    await store.close()
  }

  async function start(standalone: StandaloneServer, started: OpenServer[]): Promise<OpenServer> {
    if (closing) throw closedAlready()
    const open = await listenOn(standalone)
    started.push(open)
    servers.add(open)
    return open
  }

  async function startServers({ listeners, controller }: StandaloneServers): Promise<Listeners> {
    const started: OpenServer[] = []
    const ports = new Map<number, number>()

    async function stop(): Promise<void> {
      for (const port of ports.keys()) reachable.ports.delete(port)
      await closeServers(started)
    }

    try {
      await store.open()
      for (const listener of listeners) {
        const { port } = await start(listener, started)
        ports.set(listener.port, port)
        reachable.ports.set(listener.port, port)
      }
      const open = controller && (await start(controller, started))
      await gateways.open()
      if (closing) throw closedAlready()
      return {
        ports: started.filter((one) => one !== open).map(({ port }) => port),
        controllerPort: open?.port,
        close: stop,
      }
    } catch (error) {
      await stop()
      throw error
    }
  }

  return {
    isClosing: () => closing,
    isDraining: () => draining,
    open() {
      const opening = openAll()
      // Whoever opens beside `app.listen` need not await it; a failure that nobody awaits is in the log.
      opening.catch((error: unknown) => {
        if (closing) return
        const reason = reasonOf(error)
        logger.error({ err: error }, `The callbacks could not be opened: ${reason}`)
      })
      return opening
    },
    async listen(create) {
      if (closing) throw closedAlready()
      const begun = startServers(create())
      starting.add(begun)
      try {
        return await begun
      } finally {
        starting.delete(begun)
      }
    },
    noticeRequest() {
      if (closing || reminder !== undefined || !isUnopened()) return
      reminder = clock.setTimeout(() => {
        if (isUnopened()) logger.warn({}, UNOPENED)
      }, UNOPENED_MS)
      unref(reminder) // it does not keep the process alive
    },
    close(drain) {
      const drainMs = toDrain(drain)
      if (closed !== undefined && drainMs === 0) hurry()
      closed ??= closeAll(drainMs)
      return closed
    },
  }
}

const UNOPENED =
  'Requests come in, but nobody has opened the gateways and the store: call hooks.open() once the app listens'

function hasUnopened({ statuses }: Gateways): boolean {
  return [...statuses.values()].some(({ state }) => state === 'idle')
}

function toDrain(drain: number | string | undefined): number {
  if (drain === Number.POSITIVE_INFINITY) return MAX_TIMER_MS
  return Math.min(readDuration('drain', drain ?? 0), MAX_TIMER_MS)
}

/** Refuses what cannot be served standalone. Throws `ERR_CONFIG_UNSUPPORTED` and `ERR_CONFIG_VALUE`. */
export function checkListeners(listeners: readonly ListenerSpec[], hasController: boolean): void {
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

function closedAlready(): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: 'The callbacks are closed; nothing can be listened for' })
}
