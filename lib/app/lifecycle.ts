import type { DeliveryLog } from '../deliveries/deliveries'
import { reasonOf } from '../base/errors'
import type { Gateways } from '../gateway/gateways'
import { readDuration } from './options'
import { isDoneWithin, MAX_TIMER_MS, unref } from '../base/timers'
import type { Clock, Logger, Store } from '../base/contracts'
import type { Tasks } from '../workflow/tasks/tasks'
import { closedAlready, type Standalone } from './servers'
import type { AppServer } from './server'
import type { WaitEnds } from './waiting/wait-ends'

/** Opens what holds resources (the store, servers, gateways), and closes it, the last opened first. */
export interface Lifecycle {
  /** Whether requests are refused. */
  isClosing(): boolean
  /** Whether nothing new is started. */
  isDraining(): boolean
  /** Resolves when requests begin to be refused. */
  readonly whenClosing: Promise<void>
  open(): Promise<void>
  /** Takes note of the first request: warns five seconds later when the gateways are not open by then. */
  noticeRequest(): void
  /** Takes note of the server of the app, whose last connection ends with `close()` when the app has closed it before. */
  noticeServer(server: AppServer | undefined): void
  /** Takes note of the first wait: warns in the next turn when nothing keeps the process running then. */
  noticeWait(): void
  /** Starts nothing new, lets waits and tasks go on for as long as `drain` says, and then ends everything. */
  close(drain: number | string | undefined): Promise<void>
}

export interface LifecycleContext {
  readonly store: Store
  readonly deliveries: DeliveryLog
  readonly gateways: Gateways
  readonly tasks: Tasks
  readonly ends: WaitEnds
  readonly standalone: Standalone
  readonly clock: Clock
  readonly logger: Logger
}

const UNOPENED_MS = 5000
/** How long gateways have to close, a tunnel that is being opened included. */
const GATEWAYS_MS = 15_000

/** Creates what warns once when requests come, and the store or the gateways are not opened some time after. */
function createReminder({
  store,
  gateways,
  clock,
  logger,
}: Pick<LifecycleContext, 'store' | 'gateways' | 'clock' | 'logger'>) {
  let timer: unknown
  return {
    start(): void {
      if (timer !== undefined || !isUnopened(store, gateways)) return
      timer = clock.setTimeout(() => {
        if (isUnopened(store, gateways)) logger.warn({}, UNOPENED)
      }, UNOPENED_MS)
      unref(timer) // it does not keep the process alive
    },
    stop(): void {
      if (timer !== undefined) clock.clearTimeout(timer)
    },
  }
}

/** Creates what warns once when a wait is all that is left, so that the process ends. */
function createWaitNotice(store: Store, logger: Logger): () => void {
  let hasWaited = false
  return () => {
    if (hasWaited) return
    hasWaited = true
    setImmediate(() => {
      if (store.stats().waiting > 0 && !isKeptRunning()) logger.warn({}, NOTHING_RUNS)
    })
  }
}

/** The two outputs count as resources from their first line on, but keep no process running. */
function isKeptRunning(): boolean {
  const resources = process.getActiveResourcesInfo()
  const streams = resources.filter((kind) => kind === 'TTYWrap' || kind === 'PipeWrap')
  return resources.length > streams.length || streams.length > 2
}

/** Creates the life cycle of one `callbacks()`; nothing is open yet. */
export function createLifecycle({
  store,
  deliveries,
  gateways,
  tasks,
  ends,
  standalone,
  clock,
  logger,
}: LifecycleContext): Lifecycle {
  let draining = false
  let closing = false
  let closed: Promise<void> | undefined
  let appServer: AppServer | undefined
  const closingBegins = createSignal()
  const hurry = createSignal()
  const reminder = createReminder({ store, gateways, clock, logger })

  async function openAll(): Promise<void> {
    if (closing) throw closedAlready()
    await deliveries.open()
    await store.open()
    await gateways.open()
  }

  async function whenIdle(): Promise<void> {
    do {
      await ends.whenIdle()
      await tasks.whenIdle()
    } while (store.stats().waiting > 0)
  }

  /** A tunnel that does not end must not keep waits from ending. */
  async function closeGateways(): Promise<void> {
    const ended = Promise.all([gateways.close(), standalone.whenSettled()])
    if (await isDoneWithin(clock, GATEWAYS_MS, ended)) return
    logger.warn({}, `A gateway did not close within ${GATEWAYS_MS} ms; it is left behind`)
  }

  async function closeAll(drainMs: number): Promise<void> {
    draining = true
    tasks.refuse()
    if (drainMs > 0) await isDoneWithin(clock, drainMs, Promise.race([whenIdle(), hurry.given]))
    closing = true
    closingBegins.give()
    reminder.stop()
    await closeGateways()
    await tasks.close()
    await standalone.close()
    await store.close()
    await deliveries.close()
    await leaveAppServer(appServer)
  }

  return {
    isClosing: () => closing,
    isDraining: () => draining,
    whenClosing: closingBegins.given,
    open() {
      const opening = openAll()
      // An app that opens beside `app.listen` need not await it: the log has a failure that nobody awaits.
      opening.catch((error: unknown) => {
        if (closing) return
        const reason = reasonOf(error)
        logger.error({ err: error }, `The callbacks could not be opened: ${reason}`)
      })
      return opening
    },
    noticeServer(server) {
      appServer ??= server
    },
    noticeRequest() {
      if (!closing) reminder.start()
    },
    noticeWait: createWaitNotice(store, logger),
    close(drain) {
      const drainMs = toDrain(drain)
      if (closed !== undefined && drainMs === 0) hurry.give()
      closed ??= closeAll(drainMs)
      return closed
    },
  }
}

/**
 * The answer to the last callback may be on its way still. When the app has closed its server before, Node has not counted that
 * connection as idle, and keeps the process running until its client gives it up.
 */
async function leaveAppServer(server: AppServer | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  if (server?.listening === false) server.closeIdleConnections()
}

/** Something that is waited for, and is given once. */
function createSignal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give = (): void => undefined
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give }
}

const UNOPENED =
  'Requests come in, but nobody has opened the gateways and the store: call hooks.open() once the app listens'

const NOTHING_RUNS =
  'A wait is open, but nothing keeps this process running, so that it ends before a callback can come: no server listens. Call ' +
  'app.listen() or "await hooks.listen()" before you wait'

function isUnopened(store: Store, { statuses }: Gateways): boolean {
  return store.isOpen === false || [...statuses.values()].some(({ state }) => state === 'idle')
}

function toDrain(drain: number | string | undefined): number {
  if (drain === Number.POSITIVE_INFINITY) return MAX_TIMER_MS
  return Math.min(readDuration('drain', drain ?? 0), MAX_TIMER_MS)
}
