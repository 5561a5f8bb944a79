import { randomUUID } from 'node:crypto'
import type { Clock, Ending, OpenWait, Outcome, Progress, WaitRequest, Waiter } from '../../../base/contracts'
import type { Registry } from '../../registry'
import type { Wait } from '../../scope'
import { fromKept } from '../codec'
import type { EndReason, KeyState, KeyWait, OutcomeEntry, WaitEntry } from '../key-entries'
import { type Key, keysOf } from '../keys/key'
import type { Keys } from '../keys/keys'
import type { Publish } from '../messages'
import type { ParkedHere } from '../parked-here'
import type { Persist } from '../persistence'
import { whyEnded } from './left-waits'
import type { HeldKey, LocalWait, LocalWaits } from './local-waits'
import type { Queues } from './queues'

/** What all waits of a process share. */
export interface KeptWaitParts {
  /** The name of this process. */
  readonly self: string
  readonly clock: Clock
  readonly registry: Registry
  readonly keys: Keys
  readonly here: LocalWaits
  readonly parked: ParkedHere
  readonly queues: Queues
  readonly publish: Publish
  readonly persist: Persist
  /** Opens the ledger, which may be away. */
  readonly open: () => Promise<void>
}

/** How long a caller that waits by hand is kept waiting for an outcome of the last moment, in milliseconds. */
export const REVIEW_MS = 5000

/** Opens a wait. Throws `ERR_WAITS_FULL`. */
export function openKeptWait(request: WaitRequest, parts: KeptWaitParts): OpenWait {
  const wait = new KeptWait(request, parts)
  wait.begin(parts.registry.wait({ ...request, waiter: wait }))
  return wait
}

/**
 * A wait of this process on a callback that any process may receive. The registry of this process ends it by time or
 * signal; an outcome in the log of one of its keys ends it through `take`. It registers itself under its keys, and writes
 * under each of them that it is over.
 */
class KeptWait implements Waiter, OpenWait, LocalWait {
  readonly id: string
  readonly by: string | undefined
  /** Milliseconds since the epoch. */
  readonly #until: number
  readonly #keys = new Map<string, HeldKey>()
  #here: Wait | undefined = undefined
  #registered: Promise<void> = Promise.resolve()
  #cancelled: Promise<void> = Promise.resolve()
  /** `late`: only an outcome that is in the log already can end it. `over`: its waiter was told, or has given it up. */
  #state: 'open' | 'late' | 'over' = 'open'
  #outcome: Outcome | undefined = undefined
  #isSettled = false
  /** What the log of a key said when the outcome was taken from it. */
  #seen: { readonly key: string; readonly state: KeyState } | undefined = undefined

  constructor(
    private readonly request: WaitRequest,
    private readonly parts: KeptWaitParts,
  ) {
    this.id = request.kept ?? randomUUID()
    this.by = request.kept === undefined ? parts.self : undefined
    this.#until = parts.clock.now() + request.timeoutMs
  }

  get registered(): Promise<void> {
    return this.#registered
  }

  get isLate(): boolean {
    return this.#state !== 'open'
  }

  /** Registers it; to be called once, when the registry of this process has it. */
  begin(here: Wait): void {
    this.#here = here
    this.#registered = this.#register(keysOf(this.request).map(hold))
  }

  alias(ids: readonly string[]): Promise<void> {
    this.#here?.alias(ids)
    const { endpoints } = this.request
    const named = keysOf({ endpoints, ids, queued: false }).map(hold)
    const added = named.filter(({ id }) => !this.#keys.has(id))
    this.#registered = Promise.all([this.#registered, this.#register(added)]).then(() => undefined)
    // Ids that are known only now are settled with those that the callback came for.
    if (this.#isSettled) this.#settleKeys(added)
    return this.#registered
  }

  /** The wait ends in the log only after it is registered again; else it would be open for good. */
  async again(key: HeldKey): Promise<void> {
    const registering = this.#beginUnder(key)
    this.#registered = Promise.allSettled([this.#registered, registering]).then(() => undefined)
    await registering
  }

  take({ got }: KeyWait, key: string, state: KeyState): void {
    if (this.isLate || got === undefined) return
    this.#seen = { key, state }
    this.#here?.end(fromKept(got.kept) as Outcome)
  }

  cancel(): void {
    if (this.#state === 'over') return
    this.#stop()
    this.#cancelled = this.#conclude([...this.#keys.values()], 'cancelled')
  }

  get cancelled(): Promise<void> {
    return this.#cancelled
  }

  release(): void {
    if (this.#outcome) this.#settle()
  }

  /** A process that has taken up the run could not hear of the outcome as long as the wait was here. */
  leave(): void {
    if (this.#state !== 'over') this.#stop()
    const { persist, publish } = this.parts
    if (this.#outcome === undefined) return
    for (const key of this.#keys.keys()) void persist(() => publish({ is: 'settled', key }))
  }

  onEnd(ending: Ending, ids: readonly string[]): void {
    if (this.isLate) return
    if (ending.kind === 'timeout') void this.#endInTime(ending, ids)
    else this.#end(ending, ids)
  }

  onProgress(progress: Progress): void {
    this.request.waiter.onProgress?.(progress)
  }

  /** Another process may have acknowledged a callback in the last moment; the log says which of the two was first. */
  async #endInTime(ending: Ending, ids: readonly string[]): Promise<void> {
    this.#state = 'late'
    const got = await this.#review()
    if (!this.#isOver()) this.#end(got ? { kind: 'outcome', outcome: fromKept(got.kept) as Outcome } : ending, ids)
  }

  /** Writes that its time is up, and returns the earliest outcome that had come before. */
  async #review(): Promise<OutcomeEntry | undefined> {
    const { persist } = this.parts
    const { kept, isByHand = kept === undefined } = this.request
    const keys = [...this.#keys.values()]
    const found: OutcomeEntry[] = []
    const work = async (): Promise<void> => void found.push(...(await this.#endAll(keys, 'late')))
    // A run goes on only when the store is there again; a caller that waits by hand is not kept waiting.
    if (!isByHand) await persist(work, { isOver: () => this.#isOver() })
    else if (!(await persist.within(REVIEW_MS, work)) && kept === undefined) void this.#conclude(keys, 'left')
    return found.toSorted((one, other) => one.at - other.at)[0]
  }

  /** The outcome of a wait that outlives its process stays in the log until `release` says that it is safe elsewhere. */
  #end(ending: Ending, ids: readonly string[]): void {
    this.#stop()
    if (ending.kind === 'outcome') this.#outcome = ending.outcome
    this.request.waiter.onEnd(ending, ids)
    if (ending.kind === 'aborted') void this.#conclude([...this.#keys.values()], 'cancelled')
    if (this.request.kept !== undefined) return
    if (this.#outcome) this.#settle()
    else if (ending.kind === 'closed') void this.#conclude([...this.#keys.values()], 'left')
  }

  #settle(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#settleKeys([...this.#keys.values()])
  }

  #settleKeys(keys: readonly HeldKey[]): void {
    for (const why of ['settled', 'cancelled'] as const) {
      const ended = keys.filter((key) => whyEnded(key, this.#outcome) === why)
      void this.#conclude(ended, why)
    }
  }

  /** Resolves when the wait is registered under the keys, or has ended. Never rejects. */
  async #register(keys: readonly HeldKey[]): Promise<void> {
    const { here, persist, open } = this.parts
    for (const key of keys) {
      this.#keys.set(key.id, key)
      here.add(key, this)
    }
    const interest = { isOver: () => this.isLate }
    await persist(open, interest)
    await Promise.all(keys.map((key) => persist(() => this.#beginUnder(key), interest)))
  }

  /** Writes that it is over, however long the store is away. Never rejects. */
  async #conclude(keys: readonly HeldKey[], why: EndReason): Promise<void> {
    await this.parts.persist(() => this.#endAll(keys, why))
  }

  /** Registers it under a key, and takes the outcome that was parked for it. */
  async #beginUnder(key: HeldKey): Promise<void> {
    const { clock, keys, queues, parked, here, publish } = this.parts
    const entry: WaitEntry = { is: 'wait', wait: this.id, at: clock.now(), until: this.#until, by: this.by }
    const known = this.request.isReopened ? await keys.findWait(key, this.id) : undefined
    const written = known ?? (await keys.write(key, entry, { ttlMs: Math.max(this.#until - clock.now(), 0) }))
    key.position = written.position
    const state = await queues.dropDead(key, written.state)
    if (state.waits.get(this.id)?.got === undefined) return
    parked.remove(key.id)
    here.hand(key.id, state)
    await publish({ is: 'taken', key: key.id })
  }

  /** Ends it under keys, and returns the outcomes that had come for it before. */
  async #endAll(keys: readonly HeldKey[], why: EndReason): Promise<readonly OutcomeEntry[]> {
    await this.#registered
    const found = await Promise.all(keys.map((key) => this.#endUnder(key, why)))
    return found.filter((entry) => entry !== undefined)
  }

  async #endUnder(key: HeldKey, why: EndReason): Promise<OutcomeEntry | undefined> {
    const { keys, here } = this.parts
    if (why !== 'settled') await keys.unsettle(key)
    const known = this.#seen?.key === key.id ? this.#seen.state : undefined
    const ended = await keys.endWait(key, this.id, why, known)
    // The next wait in the queue has the outcome now.
    if (ended?.got && key.anonymous && (why === 'cancelled' || why === 'left')) await here.tell(key.id, ended.state)
    return ended?.got
  }

  #isOver(): boolean {
    return this.#state === 'over'
  }

  #stop(): void {
    this.#state = 'over'
    this.#here?.cancel()
    this.parts.here.delete(this.#keys.keys(), this)
  }
}

/** Returns a key that no wait is registered under yet. Named one by one: after a spread, each of many keys would have a hidden class of its own. */
function hold({ id, endpoint, anonymous }: Key): HeldKey {
  return { id, endpoint, anonymous, position: 0 }
}
