import type { KeyWait } from '../key-entries'
import type { Keys } from '../keys/keys'
import type { Persist } from '../persistence'
import type { HeldKey, LocalWait } from './local-waits'
import { wasEnded } from './watch'

/** What a process needs to find out whether it was taken for dead. */
export interface DoubtParts {
  readonly clock: { now(): number }
  readonly keys: Keys
  readonly persist: Persist
  /** Reads the log of a key, in which the waits of this process are registered then. */
  readonly look: (key: string) => Promise<void>
  /** Returns the last moment at which other processes may have taken this one for dead, in milliseconds since the epoch. */
  readonly doubtedAt: () => number
}

/** A wait for many whose process may have stood still while another one took what had come for it. */
export class Doubt {
  /** When each key was last looked at, in milliseconds since the epoch. */
  readonly #lookedAt = new Map<string, number>()

  /** `drop` is called for a key of which another process has all that came. */
  constructor(
    private readonly parts: DoubtParts,
    private readonly wait: LocalWait,
    private readonly drop: (key: string) => void,
  ) {}

  /** Notes that the log of a key is read from now on. */
  note(key: string): void {
    this.#lookedAt.set(key, this.parts.clock.now())
  }

  /** Returns undefined where what came under a key is of this process; else resolves when that is known. Never rejects. */
  ask(key: HeldKey): Promise<void> | undefined {
    const { parts, wait } = this
    if (key.position === 0 || (this.#lookedAt.get(key.id) ?? 0) >= parts.doubtedAt()) return undefined
    const at = parts.clock.now()
    // One whose time is up is not registered again.
    const looking = wait.isLate ? parts.persist(() => this.#findOut(key)).then(() => undefined) : parts.look(key.id)
    return looking.then(() => void this.#lookedAt.set(key.id, at))
  }

  async #findOut(key: HeldKey): Promise<void> {
    const { state, record } = await this.parts.keys.readBoth(key)
    const wait: KeyWait | undefined = state.waits.get(this.wait.id)
    if (wait === undefined && wasEnded({ wait: this.wait, key }, state.length, record)) this.drop(key.id)
  }
}
