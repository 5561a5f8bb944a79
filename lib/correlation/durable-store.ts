import { randomUUID } from 'node:crypto'
import { CallbackError } from '../errors'
import type {
  DueAnswer,
  Ledger,
  Logger,
  OpenWait,
  Outcome,
  Progress,
  Store,
  StoreEndpoint,
  WaitRequest,
} from '../types'
import { coalesce } from './coalesce'
import { fromKept, toKept } from './codec'
import { createDeliveries } from './delivery'
import { KeptWait } from './kept-wait'
import { createKeys, keyOf, keysOf } from './keys'
import { endLeftWait } from './left-waits'
import { createLocalWaits } from './local-waits'
import type { Message } from './messages'
import { createNamedWaits } from './named-waits'
import { createParkedHere } from './parked-here'
import { createPersistence } from './persistence'
import { createPresence } from './presence'
import { createRegistry, type RegistryOptions } from './registry'
import { createRunKeeper } from './run-keeper'
import { createWaitDesk } from './wait-desk'

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
 * Creates the store whose facts outlive the process, on any ledger. What this process waits for is kept in a registry as
 * ever, for its timers and bounds; which callback ends which wait is read from the logs of the ledger, so that it is the
 * same for all processes, and whatever is acknowledged is in there. The protocol stands in `key-log.ts`.
 */
export function createDurableStore(options: DurableStoreOptions): Store {
  const { ledger, clock, logger, park, isShared } = options
  const self = `o${randomUUID()}`
  const registry = createRegistry(options)
  const keys = createKeys(ledger, clock)
  const parked = createParkedHere(park, clock)
  const here = createLocalWaits()
  const presence = createPresence(ledger, self, isShared, clock)
  const { persist, finish: finishWriting } = createPersistence(clock, logger)
  const runs = createRunKeeper({ ...options, self, persist, onBack: () => void waits.restoreAll() })
  const shared = { ledger, clock, logger, isShared, self, keys, here, parked, presence, persist }
  const waits = createWaitDesk({ ...shared, open, onLoss: onBack })
  const { secretHeaders } = options
  const deliveries = createDeliveries({ ...shared, waits, parkMs: park.forMs, secretHeaders })
  const named = createNamedWaits({ ledger, clock, keys, persist, open })
  // A connection that comes and goes brings about no more than one at a time of each.
  const restoreNamed = coalesce(() => named.onBack())
  const restoreRuns = coalesce(() => persist(() => runs.onBack()))
  let opening: Promise<void> | undefined
  let isOpen = false
  let isClosed = false

  async function open(): Promise<void> {
    if (isClosed) throw closed()
    opening ??= openLedger()
    await opening
  }

  async function openLedger(): Promise<void> {
    try {
      await ledger.open({ onDue, onMessage, onBack })
      await runs.open()
      isOpen = true
    } catch (error) {
      opening = undefined
      throw error
    }
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
    if (news.is === 'settled' || news.is === 'parked') void waits.look(news.key)
    else if (news.is === 'taken') parked.remove(news.key)
    else if (news.is === 'progress') tellProgress(news)
    else if (news.is === 'gone') onGone(news.by)
    else if (news.is === 'named') named.onMessage(news.name)
    else runs.onMessage(message)
  }

  /** A process that is taken for dead, and lives, has its waits registered again. */
  function onGone(by: string): void {
    if (by === self) void waits.restoreAll()
  }

  /** Messages may have got lost, and records too: everything that this process has in the ledger is looked up. */
  function onBack(): void {
    void waits.restoreAll()
    void restoreNamed()
    void restoreRuns()
  }

  function openWait(request: WaitRequest): OpenWait {
    if (isClosed) throw closed()
    const kept = new KeptWait(request, clock.now(), waits.desk)
    kept.begin(registry.wait({ ...request, waiter: kept }))
    return kept
  }

  async function progress(endpoint: StoreEndpoint, news: Progress): Promise<void> {
    const { id } = keyOf(endpoint, news.id)
    registry.progress(endpoint, news)
    if (!isShared || here.has(id)) return
    await open()
    await ledger.publish({ is: 'progress', endpoint: endpoint.key, key: id, kept: toKept(news) } satisfies Message)
  }

  function tellProgress({ key, kept }: Extract<Message, { readonly is: 'progress' }>): void {
    const [known] = here.find(key)
    if (known) registry.progress(known.key.endpoint, fromKept(kept) as Progress)
  }

  return {
    open,
    get isOpen() {
      return isOpen
    },
    async check() {
      await open()
      await ledger.read('mark', 'check')
    },
    wait: openWait,
    async deliver(arrival) {
      await open()
      return deliveries.deliver(arrival)
    },
    async trigger(arrival) {
      await open()
      return deliveries.trigger(arrival)
    },
    progress,
    endLeft: async (name, wait, outcome) => {
      await open()
      await persist(() => endLeftWait(keys, keysOf(wait), name, outcome))
    },
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
      if (isClosed) return
      isClosed = true
      registry.close()
      parked.close()
      waits.close()
      await opening?.catch(() => undefined)
      await finishWriting()
      await runs.close()
      await ledger.close()
    },
  }
}

function closed(): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: 'The callbacks are closed; nothing more is taken' })
}
