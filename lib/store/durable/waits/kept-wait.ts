import { randomUUID } from 'node:crypto'
import type { Ending, OpenWait, Outcome, Progress, StoreEndpoint, WaitRequest, Waiter } from '../../../base/contracts'
import type { EndReason, KeyState, OutcomeEntry } from '../key-entries'
import { type Key, keyOf } from '../keys'
import { fromKept } from '../codec'
import type { Wait } from '../../scope'

/** A key that a wait is registered under. */
export interface HeldKey extends Key {
  /** Where the wait stands in its log; 0 until it is registered. */
  position: number
}

/** What the log of a key said when the wait got its outcome. */
export interface Seen {
  readonly id: string
  readonly state: KeyState
}

/** What a wait tells the store of. */
export interface KeptWaitDesk {
  /** The name of this process. */
  readonly self: string
  /** Registers it under keys; resolves when every process knows, or when it has ended. Never rejects. */
  announce(wait: KeptWait, keys: readonly HeldKey[]): Promise<void>
  /** Says that it is over under keys. Goes on until that is written. */
  conclude(wait: KeptWait, keys: readonly HeldKey[], why: EndReason): void
  /** Finds out what had come before its time was up; until then, or until it is over, nothing more can come. */
  review(wait: KeptWait): Promise<OutcomeEntry | undefined>
  /** Forgets it in this process. */
  forget(wait: KeptWait): void
}

/**
 * A wait of this process on something that all processes share: the registry of the process ends it by time or signal,
 * the ledger says what came for it.
 */
export class KeptWait implements Waiter, OpenWait {
  readonly id: string
  readonly until: number
  /** The process whose wait it is; undefined for one that outlives its process. */
  readonly by: string | undefined
  readonly keys = new Map<string, HeldKey>()
  #here: Wait | undefined = undefined
  #registered: Promise<void> = Promise.resolve()
  /** One that is `late` is over unless something had come before; `over` when whoever waits has been told, or gave it up. */
  #state: 'open' | 'late' | 'over' = 'open'
  #outcome: Outcome | undefined = undefined
  #isSettled = false
  #seen: Seen | undefined = undefined

  constructor(
    readonly request: WaitRequest,
    now: number,
    private readonly desk: KeptWaitDesk,
  ) {
    this.id = request.kept ?? randomUUID()
    this.by = request.kept === undefined ? desk.self : undefined
    this.until = now + request.timeoutMs
  }

  get registered(): Promise<void> {
    return this.#registered
  }

  /** Whether nothing that comes from now on can end it. */
  get isLate(): boolean {
    return this.#state !== 'open'
  }

  get isOver(): boolean {
    return this.#state === 'over'
  }

  /** Begins, once the registry has it. */
  begin(here: Wait): void {
    this.#here = here
    const { endpoints, ids, queued } = this.request
    const queues = queued
      ? endpoints.filter(({ anonymous }) => anonymous).map((one) => hold(keyOf(one, undefined)))
      : []
    this.#registered = this.#announce([...this.#keysOf(endpoints, ids), ...queues])
  }

  alias(ids: readonly string[]): Promise<void> {
    this.#here?.alias(ids)
    const added = this.#keysOf(this.request.endpoints, ids).filter(({ id }) => !this.keys.has(id))
    const known = this.#registered
    this.#registered = Promise.all([known, this.#announce(added)]).then(() => undefined)
    // Ids that are known only now are settled with those that the callback came for.
    if (this.#isSettled) this.#settleKeys(added)
    return this.#registered
  }

  /** Takes what came for it; does nothing when it has ended. */
  take({ kept }: OutcomeEntry, seen: Seen): void {
    if (this.isLate) return
    this.#seen = seen
    this.#here?.end(fromKept(kept) as Outcome)
  }

  /** Has the wait end only after it is registered again, which would else open it for good. */
  async again(registering: Promise<void>): Promise<void> {
    const known = this.#registered
    this.#registered = Promise.allSettled([known, registering]).then(() => undefined)
    await registering
  }

  /** What the log of a key says, as far as this wait knows. */
  seenOf({ id }: Key): KeyState | undefined {
    return this.#seen?.id === id ? this.#seen.state : undefined
  }

  cancel(): void {
    if (this.isOver) return
    this.#stop()
    this.#conclude('cancelled')
  }

  release(): void {
    if (this.#outcome) this.#settle()
  }

  leave(): void {
    if (!this.isOver) this.#stop()
  }

  onEnd(ending: Ending, ids: readonly string[]): void {
    if (this.isLate) return
    if (ending.kind === 'timeout') void this.#endInTime(ending, ids)
    else this.#end(ending, ids)
  }

  onProgress(progress: Progress): void {
    this.request.waiter.onProgress?.(progress)
  }

  /** A callback may have been acknowledged elsewhere in the last moment; the log knows which was first. */
  async #endInTime(ending: Ending, ids: readonly string[]): Promise<void> {
    this.#state = 'late'
    const got = await this.desk.review(this)
    if (this.isOver) return
    this.#end(got ? { kind: 'outcome', outcome: fromKept(got.kept) as Outcome } : ending, ids)
  }

  /** What came for a kept wait stays where it is until it is safe with whoever waited. */
  #end(ending: Ending, ids: readonly string[]): void {
    this.#stop()
    if (ending.kind === 'outcome') this.#outcome = ending.outcome
    this.request.waiter.onEnd(ending, ids)
    if (this.request.kept !== undefined) return
    if (this.#outcome) this.#settle()
    else if (ending.kind === 'closed') this.#conclude('left')
  }

  #settle(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#settleKeys([...this.keys.values()])
  }

  /** A callback with an id settles all ids, and leaves its place in any queue; one without says nothing of ids. */
  #settleKeys(keys: readonly HeldKey[]): void {
    const { id, endpoint } = this.#outcome ?? {}
    const isSettled = (key: HeldKey): boolean =>
      id === undefined ? key.anonymous && key.endpoint.key === endpoint : !key.anonymous
    this.desk.conclude(this, keys.filter(isSettled), 'settled')
    this.desk.conclude(
      this,
      keys.filter((key) => !isSettled(key)),
      'cancelled',
    )
  }

  #conclude(why: EndReason): void {
    this.desk.conclude(this, [...this.keys.values()], why)
  }

  #announce(keys: readonly HeldKey[]): Promise<void> {
    for (const key of keys) this.keys.set(key.id, key)
    return this.desk.announce(this, keys)
  }

  #keysOf(endpoints: readonly StoreEndpoint[], ids: readonly string[]): HeldKey[] {
    return endpoints.flatMap((endpoint) => ids.map((id) => hold(keyOf(endpoint, id))))
  }

  #stop(): void {
    this.#state = 'over'
    this.#here?.cancel()
    this.desk.forget(this)
  }
}

function hold({ id, endpoint, anonymous }: Key): HeldKey {
  return { id, endpoint, anonymous, position: 0 }
}
