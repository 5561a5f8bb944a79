import { CallbackError } from '../errors'
import { redactHeaders } from '../redact-headers'
import type {
  Arrival,
  Delivery,
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
import { fromKept, toKept } from './codec'
import { createKeys, digest, type Key, keyOf } from './keys'
import { type EndReason, isDuplicate, type KeyState, type OutcomeEntry, REMEMBER_MS, waitsAt } from './key-log'
import { KeptWait, type KeptWaitDesk } from './kept-wait'
import { createLocalWaits } from './local-waits'
import { createParkedHere } from './parked-here'
import { createPersistence } from './persistence'
import { createRegistry, type RegistryOptions } from './registry'
import { createRunKeeper } from './run-keeper'

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

/** What processes tell each other. */
type Message =
  | { readonly is: 'settled' | 'taken'; readonly key: string }
  | { readonly is: 'progress'; readonly endpoint: string; readonly key: string; readonly kept: unknown }

/** How long a wait may take to find out whether something came in its last moment. */
const REVIEW_MS = 5000

/**
 * Gives the store whose facts outlive the process, on any ledger. What this process waits for is kept in a registry as
 * ever, for its timers and bounds; which callback ends which wait is read from the logs of the ledger, so that it is the
 * same for all processes, and whatever is acknowledged is in there.
 */
export function createDurableStore(options: DurableStoreOptions): Store {
  const { ledger, clock, park, isShared } = options
  const registry = createRegistry(options)
  const keys = createKeys(ledger, clock)
  const parked = createParkedHere(park, clock)
  const here = createLocalWaits()
  const { persist, finish: finishWriting } = createPersistence(clock, options.logger)
  const runs = createRunKeeper({ ...options, persist })
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
    if (news.is === 'settled') void look(news.key)
    else if (news.is === 'taken') parked.remove(news.key)
    else if (news.is === 'progress') tellProgress(news)
    else runs.onMessage(message)
  }

  /** Messages may have got lost: everything that is waited for here is looked up. */
  function onBack(): void {
    for (const id of here.ids()) void look(id)
    void persist(() => runs.onBack())
  }

  /** Hands out what the log of a key says to those who wait for it here. */
  async function look(id: string): Promise<void> {
    const key = here.keyOf(id)
    if (key) await persist(async () => here.hand(id, await keys.read(key)))
  }

  const desk: KeptWaitDesk = {
    async announce(kept, announced) {
      const interest = { isOver: () => kept.isLate }
      await persist(open, interest)
      await Promise.all(announced.map((key) => persist(() => announceOne(kept, key), interest)))
    },
    conclude(kept, concluded, why) {
      void persist(() => endUnder(kept, concluded, why))
    },
    async review(kept) {
      const reviewed = [...kept.keys.values()]
      const found: OutcomeEntry[] = []
      const work = async (): Promise<void> => void found.push(...(await endUnder(kept, reviewed, 'late')))
      // A run goes on only when the store is there again; whoever waits by hand is not kept waiting.
      if (kept.request.kept !== undefined) await persist(work, { isOver: () => kept.isOver })
      else if (!(await persist.within(REVIEW_MS, work))) desk.conclude(kept, reviewed, 'cancelled')
      return found.toSorted((one, other) => one.at - other.at)[0]
    },
    forget: here.delete,
  }

  /** Gives what had come for a wait before it was over. */
  async function endUnder(kept: KeptWait, ended: readonly Key[], why: EndReason): Promise<readonly OutcomeEntry[]> {
    await kept.registered
    const found = await Promise.all(ended.map((key) => endOne(kept, key, why)))
    return found.filter((entry) => entry !== undefined)
  }

  async function endOne(kept: KeptWait, key: Key, why: EndReason): Promise<OutcomeEntry | undefined> {
    const ended = await keys.endWait(key, kept.id, why)
    if (ended?.got && key.anonymous && why === 'cancelled') await tell(key, ended.state)
    return ended?.got
  }

  async function announceOne(kept: KeptWait, key: Key): Promise<void> {
    here.add(key, kept)
    const entry = { is: 'wait', wait: kept.id, at: clock.now(), until: kept.until } as const
    const [{ state }] = await Promise.all([
      keys.write(key, entry, Math.max(kept.until - clock.now(), 0)),
      keys.unsettle(key),
    ])
    const got = state.waits.get(kept.id)?.got
    if (got === undefined) return
    parked.remove(key.id)
    here.hand(key.id, state)
    if (isShared) await ledger.publish({ is: 'taken', key: key.id } satisfies Message)
  }

  function openWait(request: WaitRequest): OpenWait {
    if (isClosed) throw closed()
    const kept = new KeptWait(request, clock.now(), desk)
    kept.begin(registry.wait({ ...request, waiter: kept }))
    return kept
  }

  async function deliver(arrival: Arrival): Promise<Delivery> {
    await open()
    const { endpoint, outcome, dedupeKey } = arrival
    const mark = dedupeKey === undefined ? undefined : `d${digest([endpoint.key, dedupeKey])}`
    if (mark !== undefined && (await ledger.read('mark', mark))) return 'duplicate'
    const delivery = await hand(arrival, keyOf(endpoint, outcome.id))
    if (mark !== undefined && delivery !== 'duplicate')
      await ledger.create('mark', mark, { data: null, ttlMs: REMEMBER_MS })
    return delivery
  }

  async function hand(arrival: Arrival, key: Key): Promise<Delivery> {
    const state = await keys.read(key)
    if (waitsAt(state, clock.now(), key.anonymous).length > 0) return handOver(key, state, arrival.outcome)
    if (!key.anonymous && isDuplicate(state, clock.now())) return repeat(key, state)
    if (await keys.isSettled(key)) return 'duplicate'
    if (arrival.start && !key.anonymous && state.waitedAt === undefined) return start(arrival, key)
    return keep(arrival, key, state)
  }

  /** Keeps what nobody waits for, unless somebody does by the time that it is written. */
  async function keep(arrival: Arrival, key: Key, state: KeyState): Promise<Delivery> {
    const note = parked.add(key.endpoint.key, key.id, arrival.size())
    let delivery: Delivery | undefined
    try {
      delivery = await handOver(key, state, arrival.outcome)
      return delivery
    } finally {
      if (delivery !== 'parked') note.remove()
    }
  }

  async function handOver(key: Key, known: KeyState, outcome: Outcome, run?: string): Promise<Delivery> {
    const at = clock.now()
    const kept = toKept({ ...outcome, headers: redactHeaders(outcome.headers, options.secretHeaders) })
    const entry: OutcomeEntry = { is: 'outcome', kept, at, until: at + park.forMs, run }
    const { state, delivery = 'duplicate' } = await keys.write(key, entry, park.forMs, known)
    if (delivery === 'settled') await tell(key, state)
    if (delivery === 'parked' && state.length > 1) await keys.reviewIn(key, park.forMs)
    return delivery
  }

  /** Whoever has not heard of the first callback, since a message got lost, hears of it with the second. */
  async function repeat(key: Key, state: KeyState): Promise<Delivery> {
    if ([...state.waits.values()].some(({ got }) => got)) await tell(key, state)
    return 'duplicate'
  }

  async function tell(key: Key, state: KeyState): Promise<void> {
    const isHeard = here.hand(key.id, state)
    if (isShared && !isHeard) await ledger.publish({ is: 'settled', key: key.id } satisfies Message)
  }

  /** The run is kept before its callback is acknowledged, under an id that a repeated callback finds again. */
  async function start({ start: begin, outcome }: Arrival, key: Key): Promise<Delivery> {
    const run = toRunId(digest([key.id, await keys.born(key)]))
    await begin?.(run)
    const delivery = await handOver(key, await keys.read(key), outcome, run)
    await persist(() => keys.settle(key))
    return delivery === 'duplicate' ? 'duplicate' : 'started'
  }

  async function progress(endpoint: StoreEndpoint, news: Progress): Promise<void> {
    const { id } = keyOf(endpoint, news.id)
    registry.progress(endpoint, news)
    if (!isShared || here.keyOf(id)) return
    await open()
    await ledger.publish({ is: 'progress', endpoint: endpoint.key, key: id, kept: toKept(news) } satisfies Message)
  }

  function tellProgress({ key, kept }: Extract<Message, { readonly is: 'progress' }>): void {
    const known = here.keyOf(key)
    if (known) registry.progress(known.endpoint, fromKept(kept) as Progress)
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
    deliver,
    progress,
    runs: {
      attach: runs.attach,
      begin: (run) => open().then(() => runs.begin(run)),
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
      await opening?.catch(() => undefined)
      await finishWriting()
      await runs.close()
      await ledger.close()
    },
  }
}

/** Shaped as a UUID, since that is what ids of tasks look like. */
function toRunId(hash: string): string {
  const hex = Buffer.from(hash, 'base64url').toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

function closed(): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: 'The callbacks are closed; nothing more is taken' })
}
