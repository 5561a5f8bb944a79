import type { Judged } from '../../../base/contracts'
import type { KeyState, KeyWait } from '../key-entries'
import { waitsAt } from '../key-log'
import { outcomesOf } from '../key-state'
import type { Key } from '../keys/key'
import type { Publish } from '../messages'

/** A key that a wait of this process is registered under. */
export interface HeldKey extends Key {
  /** Where the wait stands in the log of the key; 0 until it is registered. */
  position: number
}

/** A wait of this process, as the log of a key knows it. */
export interface LocalWait {
  readonly id: string
  /** The process whose wait it is; undefined for one that outlives its process. */
  readonly by: string | undefined
  /** Whether no later outcome can end it. */
  readonly isLate: boolean
  /** Takes what came for it, and what the log of that key said then. Does nothing when the wait is late. */
  take(came: KeyWait, key: string, state: KeyState): void
  /** Whether it would go on without this callback; missing where it takes the first one. */
  isUnwanted?(callback: Judged): boolean
  /** Registers it again under a key, of which the ledger has lost it, or where another process took this one for dead (`wasTaken`). */
  again(key: HeldKey, wasTaken: boolean): Promise<void>
}

/** A wait under one of its keys. */
export interface HeldWait {
  readonly wait: LocalWait
  readonly key: HeldKey
}

/** The waits of this process, by the keys that they are registered under. */
export interface LocalWaits {
  add(key: HeldKey, wait: LocalWait): void
  delete(keys: Iterable<string>, wait: LocalWait): void
  /** Whether somebody waits here for a key. */
  has(key: string): boolean
  find(key: string): readonly HeldWait[]
  keys(): readonly string[]
  /** Whether each wait that is open in the log is here, and would go on without this callback. */
  isUnwanted(key: string, state: KeyState, callback: Judged, at: number): boolean
  /** Hands the outcomes in a log to the waits here; returns whether all waits that have one are here. */
  hand(key: string, state: KeyState): boolean
  /** Hands them out, and tells the other processes when one of them has such a wait. */
  tell(key: string, state: KeyState): Promise<void>
}

/** Creates an empty set of waits. */
export function createLocalWaits(publish: Publish): LocalWaits {
  const waits = new Map<string, Map<string, HeldWait>>()

  function hand(key: string, state: KeyState): boolean {
    const known = waits.get(key)
    const got = [...state.waits].filter(([, came]) => came.many !== undefined || came.got !== undefined)
    // All are found before the first is told, since a waiter that is told may wait again.
    const found = got.map(([id, came]) => ({ wait: known?.get(id)?.wait, came }))
    for (const { wait, came } of found) wait?.take(came, key, state)
    return found.every(({ wait, came }) => wait !== undefined || outcomesOf(came).length === 0)
  }

  return {
    add(key, wait) {
      const known = waits.get(key.id) ?? new Map<string, HeldWait>()
      waits.set(key.id, known)
      known.set(wait.id, { wait, key })
    },
    delete(keys, wait) {
      for (const key of keys) {
        const known = waits.get(key)
        if (known?.get(wait.id)?.wait === wait && known.delete(wait.id) && known.size === 0) waits.delete(key)
      }
    },
    has: (key) => waits.has(key),
    find: (key) => [...(waits.get(key)?.values() ?? [])],
    keys: () => [...waits.keys()],
    isUnwanted(key, state, callback, at) {
      const known = waits.get(key)
      const names = waitsAt(state, at, false)
      if (names.some((name) => known?.get(name)?.wait.isUnwanted === undefined)) return false
      return names.every((name) => known?.get(name)?.wait.isUnwanted?.(callback))
    },
    hand,
    async tell(key, state) {
      if (!hand(key, state)) await publish({ is: 'settled', key })
    },
  }
}
