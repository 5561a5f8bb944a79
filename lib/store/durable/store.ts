import { randomUUID } from 'node:crypto'
import { CallbackError } from '../../base/errors'
import type { DueAnswer, Ledger, Logger, Outcome, Store } from '../../base/contracts'
import { coalesce } from '../collections/coalesce'
import { eachLimits } from '../each/full'
import { createRegistry, type RegistryOptions } from '../registry'
import { fromKept } from './codec'
import { createDeliveries } from './delivery'
import { keysOf } from './keys/key'
import { createKeys } from './keys/keys'
import { createPublish, type Message } from './messages'
import { createParkedHere } from './parked-here'
import { createPersistence } from './persistence'
import { createProgress } from './progress'
import { createRunKeeper } from './runs/keeper'
import { openKeptWait } from './waits/kept-wait'
import { endLeftWait } from './waits/left-waits'
import { createLocalWaits } from './waits/local-waits'
import { createNamedWaits } from './waits/named-waits'
import { openKeptMany } from './waits/kept-many'
import { createQueues } from './waits/queues'
import { createRoom } from './waits/room'
import { createWatch } from './waits/watch'

export interface DurableStoreOptions extends RegistryOptions {
  readonly ledger: Ledger
  /** Whether other processes may have the ledger open too. */
  readonly isShared: boolean
  readonly logger: Logger
  /** Headers by which senders prove themselves, in lower case; like others that authenticate they are not kept. */
  readonly secretHeaders?: ReadonlySet<string>
  /** How long an ended task can be looked up, in milliseconds. */
  readonly keepMs: number
}

/**
 * Creates the store whose facts outlive the process, on any ledger. A registry has the timers and the bounds of what this
 * process waits for; the logs of the ledger say which callback ends which wait, so that all processes agree. The protocol
 * of these logs is written in `key-log.ts`.
 */
export function createDurableStore(options: DurableStoreOptions): Store {
  const { ledger } = options
  const opening = new Opening(openLedger)
  const { open } = opening
  const parts = createParts(options, open, onBack)
  const { self, registry, keys, parked, watch, deliveries, named, runs, progress, finishWriting } = parts
  // A connection that comes and goes sets off no more than one of each at a time.
  const restoreNamed = coalesce(() => named.onBack())
  const restoreRuns = coalesce(() => parts.persist(() => runs.onBack()))

  async function openLedger(): Promise<void> {
    await ledger.open({ onDue, onMessage, onBack })
    await runs.open()
  }

  async function onDue(kind: string, id: string): Promise<DueAnswer> {
    if (kind !== 'key') return runs.review(kind, id)
    return keys.review(id, ({ kept }) => {
      parked.remove(id)
      options.onForgotten(fromKept(kept) as Outcome)
    })
  }

  function onMessage(message: unknown): void {
    const news = message as Message
    if (news.is === 'settled' || news.is === 'parked') void watch.look(news.key)
    else if (news.is === 'taken') parked.remove(news.key)
    else if (news.is === 'progress') progress.onMessage(news)
    else if (news.is === 'named') named.onMessage(news.name)
    else if (news.is === 'cancel' || news.is === 'left') runs.onMessage(news)
    // A process that was taken for dead, and lives, registers its waits again.
    else if (news.by === self) void watch.restoreAll()
  }

  /** Messages may have got lost, and records too: everything that this process has in the ledger is looked up. */
  function onBack(): void {
    void watch.restoreAll()
    void restoreNamed()
    void restoreRuns()
  }

  return {
    open,
    get isOpen() {
      return opening.isOpen
    },
    check: () => open().then(async () => void (await ledger.read('mark', 'check'))),
    wait(request) {
      opening.refuseWhenClosed()
      const { reader } = request.waiter
      return reader ? openKeptMany(request, parts, reader) : openKeptWait(request, parts)
    },
    deliver: (arrival) => open().then(() => deliveries.deliver(arrival)),
    trigger: (arrival) => open().then(() => deliveries.trigger(arrival)),
    abort: registry.abort,
    progress: progress.tell,
    endLeft: (name, wait, outcome) =>
      open().then(async () => void (await parts.persist(() => endLeftWait(keys, keysOf(wait), name, outcome)))),
    named,
    runs: {
      attach: runs.attach,
      begin: (run, claim) => open().then(() => runs.begin(run, claim)),
      find: (id) => open().then(() => runs.find(id)),
      cancel: (id) => open().then(() => runs.cancel(id)),
    },
    stats: (endpoint) => ({ ...registry.stats(endpoint), parked: parked.count(endpoint?.key) }),
    outdate: registry.outdate,
    list: registry.list,
    async close() {
      if (opening.isClosed) return
      opening.isClosed = true
      registry.close()
      parked.close()
      watch.close()
      await opening.settled()
      await finishWriting()
      await runs.close()
      await ledger.close()
    },
  }
}

/** Creates the parts of the store. `onLoss` is called when the ledger was found to have lost something. */
function createParts(options: DurableStoreOptions, open: () => Promise<void>, onLoss: () => void) {
  const { ledger, clock, logger, park, isShared } = options
  const self = `o${randomUUID()}`
  // The ledger knows which ids are settled.
  const registry = createRegistry({ ...options, rememberMax: 0 })
  const keys = createKeys(ledger, clock)
  const parked = createParkedHere(park, clock)
  const publish = createPublish(ledger, isShared)
  const here = createLocalWaits(publish)
  const { persist, finish: finishWriting } = createPersistence(clock, logger)
  const shared = { ...options, self, registry, keys, here, parked, publish, persist, open }
  const runs = createRunKeeper({ ...shared, onBack: () => void watch.restoreAll() })
  const queues = createQueues({ ...shared, onRecheck: (key) => void watch.look(key) })
  const watch = createWatch({ ...shared, queues, onLoss })
  const deliveries = createDeliveries({
    ...shared,
    read: watch.read,
    parkMs: park.forMs,
    room: createRoom(eachLimits(park)),
  })
  const named = createNamedWaits(shared)
  const progress = createProgress({ ...shared, pass: deliveries.pass })
  const { look } = watch
  const { doubtedAt } = runs
  return { ...shared, queues, watch, look, doubtedAt, deliveries, named, runs, progress, finishWriting }
}

/** The life of a store: it is opened when it is first used, again after that has failed, and closed once. */
class Opening {
  isOpen = false
  isClosed = false
  #opening: Promise<void> | undefined = undefined

  constructor(private readonly work: () => Promise<void>) {}

  /** Rejects with `ERR_CLOSED`, and as the work does. */
  readonly open = async (): Promise<void> => {
    this.refuseWhenClosed()
    this.#opening ??= this.#tryToOpen()
    await this.#opening
  }

  /** Throws `ERR_CLOSED`. */
  refuseWhenClosed(): void {
    if (!this.isClosed) return
    throw new CallbackError('ERR_CLOSED', { message: 'The callbacks are closed; nothing more is taken' })
  }

  /** Resolves when it is not being opened any more. */
  async settled(): Promise<void> {
    await this.#opening?.catch(() => undefined)
  }

  async #tryToOpen(): Promise<void> {
    try {
      await this.work()
      this.isOpen = true
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }
}
