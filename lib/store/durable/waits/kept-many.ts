import { randomUUID } from 'node:crypto'
import type { Ending, Judged, OpenWait, Place, Progress, Reader, WaitRequest, Waiter } from '../../../base/contracts'
import type { Wait } from '../../scope'
import { fromKept } from '../codec'
import type { DoneEntry, EndReason, KeyState, KeyWait, WaitEntry } from '../key-entries'
import { keysOf } from '../keys/key'
import { type KeptWaitParts, REVIEW_MS } from './kept-wait'
import { Doubt, type DoubtParts } from './doubt'
import { endLate } from './left-waits'
import type { HeldKey, LocalWait } from './local-waits'
import { type ManyKey, Registering } from './registering'
import { Unread } from './unread'

export type KeptManyParts = KeptWaitParts & DoubtParts

/** Opens a wait that may go on after a callback. Throws `ERR_WAITS_FULL`. */
export function openKeptMany(request: WaitRequest, parts: KeptManyParts, reader: Reader): OpenWait {
  const wait = new KeptMany(request, parts, reader)
  wait.begin()
  return wait
}

/**
 * A wait of this process that looks at each callback, in the order of the logs of its keys. A callback stays in the log until
 * `done` says that it is dealt with: protocol, 13.
 */
class KeptMany implements Waiter, OpenWait, LocalWait {
  readonly id: string
  readonly by: string | undefined
  /** Its own name as the reader. The run of a wait has one owner, so that its wait needs none. */
  readonly #name: string
  /** Milliseconds since the epoch. */
  #until: number
  readonly #registering: Registering
  readonly #unread = new Unread()
  readonly #doubt: Doubt
  readonly #seen = new Map<string, KeyState>()
  #here: Wait | undefined = undefined
  #concluded: Promise<void> = Promise.resolve()
  /** Whether a callback has ended the wait of a run, which is to keep the outcome before the log says so. */
  #isUnsafe = false
  /** `late`: nothing more comes for it, and what came is read. `over`: nobody reads it here. */
  #state: 'open' | 'late' | 'over' = 'open'

  constructor(
    private readonly request: WaitRequest,
    private readonly parts: KeptManyParts,
    private readonly looks: Reader,
  ) {
    this.id = request.kept ?? randomUUID()
    this.by = request.kept === undefined ? parts.self : undefined
    this.#name = this.#isOfRun ? '' : randomUUID()
    this.#until = parts.clock.now() + request.timeoutMs
    this.#registering = new Registering(parts, this, (key, isAgain) => this.#beginUnder(key, isAgain))
    this.#doubt = new Doubt(parts, this, (key) => this.looks.drop?.(key))
  }

  get registered(): Promise<void> {
    return this.#registering.written
  }

  get isLate(): boolean {
    return this.#state !== 'open'
  }

  get timeoutMs(): number {
    return this.request.timeoutMs
  }

  get cancelled(): Promise<void> {
    return this.#concluded
  }

  /** A wait for one callback that outlives its process. */
  get #isOfRun(): boolean {
    return this.by === undefined && this.looks.idleMs === undefined
  }

  /** Registers it; to be called once. */
  begin(): void {
    this.#arm()
    this.#registering.add(keysOf(this.request), this.#until)
  }

  alias(ids: readonly string[]): Promise<void> {
    this.#here?.alias(ids)
    this.#registering.add(keysOf({ ...this.request, ids, queued: false }), this.#until)
    return this.#registering.written
  }

  async again({ id }: HeldKey, wasTaken: boolean): Promise<void> {
    if (wasTaken) this.looks.drop?.(id)
    const key = this.#registering.find(id)
    if (key === undefined) return
    const registering = this.#beginUnder(key)
    this.#registering.note(registering)
    await registering
  }

  isUnwanted(callback: Judged): boolean {
    return this.looks.idleMs === undefined && this.looks.read(callback, 0) === 'filtered'
  }

  /** A state from before this wait was registered says nothing about it. */
  take({ many, until }: KeyWait, key: string, state: KeyState): void {
    const held = this.#registering.find(key)
    if (this.#isOver() || many === undefined || held === undefined) return
    if (held.position === 0 || state.length < held.position) return
    this.#seen.set(key, state)
    if (many.reader !== this.#name && many.reader !== '') return this.#end({ kind: 'closed', isTakenUp: true })
    this.#prolong(until)
    for (const { order, entry } of this.#unread.take(key, many.items)) {
      const callback = fromKept(entry.kept) as Judged
      const place = { key, order, at: entry.at }
      const read = this.looks.read(callback, entry.bytes ?? 0, place)
      if (read === 'ends' && callback.outcome !== 'pending') return this.#settle({ kind: 'outcome', outcome: callback })
      if (read !== 'filtered') continue
      void this.done(place)
      this.looks.onFiltered?.(callback)
    }
  }

  /** Of a wait with a name, the next callback is read when the log has this; of another one nobody reads that after it. */
  async done(place: Place): Promise<boolean> {
    const writing = this.parts.persist(() => this.#writeDone(place), { isOver: () => this.#isOver() })
    if (this.by !== undefined) return true
    this.#registering.note(writing)
    await writing
    return true
  }

  /** A wait with a name learns it from the log after each callback. */
  doubt(id: string): Promise<void> | undefined {
    const key = this.by === undefined ? undefined : this.#registering.find(id)
    return key && this.#doubt.ask(key)
  }

  cancel(): void {
    this.#conclude('cancelled')
  }

  finish(): void {
    this.#conclude('settled')
  }

  release(): void {
    if (this.#isUnsafe) this.#writeEnd('settled')
    this.#isUnsafe = false
  }

  /** A process that has taken up the run may not have heard of the outcome. */
  leave(): void {
    if (!this.#isOver()) this.#stop('over')
    const { persist, publish } = this.parts
    if (this.#isUnsafe)
      for (const key of this.#registering.keys.map(({ id }) => id)) void persist(() => publish({ is: 'settled', key }))
  }

  onEnd(ending: Ending): void {
    if (this.isLate) return
    if (ending.kind === 'timeout') void this.#endInTime(ending)
    else this.#end(ending)
  }

  onProgress(progress: Progress): void {
    this.request.waiter.onProgress?.(progress)
  }

  #arm(): void {
    const { registry, clock } = this.parts
    const timeoutMs = Math.max(this.#until - clock.now(), 0)
    this.#here = registry.wait({ ...this.request, timeoutMs, waiter: this })
  }

  #prolong(until: number): void {
    const { idleMs } = this.looks
    if (idleMs === undefined || until <= this.#until || this.#state !== 'open') return
    this.#until = until
    this.#here?.prolong(until - this.parts.clock.now())
    this.#registering.follow(until, idleMs)
  }

  async #writeDone({ key: id, order, at: of }: Place): Promise<void> {
    const key = this.#registering.find(id)
    if (key === undefined) return
    const { clock, keys } = this.parts
    const entry: DoneEntry = { is: 'done', wait: this.id, order, of, at: clock.now() }
    const ttlMs = Math.max(this.#until - clock.now(), 0)
    const { state } = await keys.write(key, entry, { ttlMs, known: this.#seen.get(id) })
    const wait = state.waits.get(this.id)
    if (wait) this.take(wait, id, state)
  }

  /** Another process may have acknowledged a callback in the last moment; the log says which of the two was first. */
  async #endInTime(ending: Ending): Promise<void> {
    this.#state = 'late'
    let isOpen = false
    const { persist } = this.parts
    const review = async (): Promise<void> => void (isOpen = await this.#review())
    // A run goes on only when the store is there again.
    const isWritten = this.#isOfRun
      ? await persist(review, { isOver: () => this.#isOver() })
      : await persist.within(REVIEW_MS, review)
    if (this.#isOver()) return
    if (isOpen) return this.#goOn()
    if (!isWritten && this.by !== undefined) this.#conclude('left')
    this.#registering.unlist()
    this.request.waiter.onEnd(ending, this.request.ids)
  }

  /** Writes that its time is up, and returns whether it is not, since a callback has moved it. */
  async #review(): Promise<boolean> {
    await this.#registering.written
    const until = await endLate(this.parts.keys, this.#registering.keys, this, this.#seen)
    this.#until = Math.max(this.#until, until)
    return until > 0
  }

  #goOn(): void {
    this.#state = 'open'
    try {
      this.#arm()
      this.#registering.renew()
    } catch {
      this.#end({ kind: 'timeout' })
    }
  }

  #settle(ending: Ending): void {
    this.#isUnsafe = this.#isOfRun
    if (this.#isUnsafe) this.#stop('over')
    else this.finish()
    this.request.waiter.onEnd(ending, this.request.ids)
  }

  #end(ending: Ending): void {
    if (ending.kind === 'aborted') this.#conclude('cancelled')
    else if (ending.kind === 'closed' && ending.isTakenUp !== true && this.by !== undefined) this.#conclude('left')
    else this.#stop('over')
    this.request.waiter.onEnd(ending, this.request.ids)
  }

  /** Registers it under a key, and takes what came for it before. */
  async #beginUnder(key: ManyKey, isAgain = false): Promise<void> {
    if (isAgain) await this.doubt(key.id)
    const { clock, keys, queues, parked, publish } = this.parts
    const many = { idleMs: this.looks.idleMs, reader: this.#name }
    const entry: WaitEntry = { is: 'wait', wait: this.id, at: clock.now(), until: this.#until, by: this.by, many }
    const ttlMs = Math.max(this.#until - clock.now(), 0)
    const known = this.#seen.get(key.id)?.waits.get(this.id)?.many?.reader
    if (key.position === 0) this.#doubt.note(key.id)
    const written = await keys.write(key, entry, { ttlMs })
    // Another process that reads it ends, when it hears of this.
    if (this.by === undefined && !this.#isOfRun && known !== this.#name) await publish({ is: 'settled', key: key.id })
    key.position = written.position
    key.until = entry.until
    const state = await queues.dropDead(key, written.state)
    const wait = state.waits.get(this.id)
    if (wait === undefined) return
    if (wait.many?.items.some(({ order }) => order === written.position)) {
      parked.remove(key.id)
      await publish({ is: 'taken', key: key.id })
    }
    this.take(wait, key.id, state)
  }

  /** Writes that it is over, however long the store is away. */
  #conclude(why: EndReason): void {
    if (this.#isOver()) return
    this.#stop('over')
    this.#writeEnd(why)
  }

  #writeEnd(why: EndReason): void {
    const writing = this.parts.persist(async () => {
      await this.#registering.written
      await Promise.all(this.#registering.keys.map((key) => this.#endUnder(key, why)))
    })
    this.#concluded = writing.then(() => undefined)
  }

  async #endUnder(key: HeldKey, why: EndReason): Promise<void> {
    const { keys, here } = this.parts
    if (why !== 'settled') await keys.unsettle(key)
    const ended = await keys.endWait(key, this.id, why, this.#seen.get(key.id))
    if (ended && why === 'left') await here.tell(key.id, ended.state)
  }

  #isOver(): boolean {
    return this.#state === 'over'
  }

  #stop(state: 'late' | 'over'): void {
    this.#state = state
    this.#here?.cancel()
    this.#registering.unlist()
  }
}
