import { GRACE_MS } from '../key-log'
import type { Key } from '../keys/key'
import type { Persist } from '../persistence'
import type { HeldKey, LocalWait, LocalWaits } from './local-waits'

/** How far the deadline under a key may lie behind that of the wait: under each key the wait is open until its time is up. */
const BEHIND_MS = GRACE_MS / 2

/** A key that a wait for many is registered under. */
export interface ManyKey extends HeldKey {
  /** The deadline of the wait that the log of the key knows, in milliseconds since the epoch. */
  until: number
}

export interface RegisteringParts {
  readonly here: LocalWaits
  readonly persist: Persist
  /** Opens the ledger, which may be away. */
  readonly open: () => Promise<void>
}

/** The keys of a wait for many, and what is being written under them. */
export class Registering {
  readonly #keys = new Map<string, ManyKey>()
  #written: Promise<void> = Promise.resolve()

  /** `beginUnder` registers the wait under one key. */
  constructor(
    private readonly parts: RegisteringParts,
    private readonly wait: LocalWait,
    private readonly beginUnder: (key: ManyKey, isAgain: boolean) => Promise<void>,
  ) {}

  /** Resolves when the wait is registered, and nothing more is being written; never rejects. */
  get written(): Promise<void> {
    return this.#written
  }

  get keys(): readonly ManyKey[] {
    return [...this.#keys.values()]
  }

  find(id: string): ManyKey | undefined {
    return this.#keys.get(id)
  }

  /** Registers the wait under further keys. */
  add(keys: readonly Key[], until: number): void {
    const added = keys.map(({ id, endpoint, anonymous }) => ({ id, endpoint, anonymous, position: 0, until }))
    for (const key of added) {
      this.#keys.set(key.id, key)
      this.parts.here.add(key, this.wait)
    }
    this.note(this.#register(added))
  }

  /** Hands it out no more. */
  unlist(): void {
    this.parts.here.delete(this.#keys.keys(), this.wait)
  }

  /** Registers it again under each of its keys. */
  renew(): void {
    this.#renewBefore(Infinity)
  }

  /** The deadline of the wait has moved under one key, and is moved under the others before it comes there. */
  follow(until: number, idleMs: number): void {
    if (this.#keys.size > 1) this.#renewBefore(until - Math.min(idleMs / 2, BEHIND_MS))
  }

  #renewBefore(moment: number): void {
    for (const key of this.#keys.values()) if (key.until < moment && key.position > 0) this.note(this.#begin(key, true))
  }

  /** Takes note of what is being written: one who goes on with the wait registers behind that. */
  note(writing: Promise<unknown>): void {
    this.#written = Promise.allSettled([this.#written, writing]).then(() => undefined)
  }

  async #register(keys: readonly ManyKey[]): Promise<void> {
    const { persist, open } = this.parts
    await persist(open, { isOver: () => this.wait.isLate })
    await Promise.all(keys.map((key) => this.#begin(key, false)))
  }

  #begin(key: ManyKey, isAgain: boolean): Promise<boolean> {
    return this.parts.persist(() => this.beginUnder(key, isAgain), { isOver: () => this.wait.isLate })
  }
}
