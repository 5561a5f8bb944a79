import type { KeyState } from '../key-entries'
import type { HeldKey, KeptWait } from './kept-wait'

/** Who waits in this process, by what is waited for. */
export interface LocalWaits {
  add(key: HeldKey, wait: KeptWait): void
  delete(wait: KeptWait): void
  /** Whether somebody waits here for a key. */
  has(id: string): boolean
  /** The waits for a key, each with the key as it holds it. */
  find(id: string): readonly LocalWait[]
  ids(): readonly string[]
  /** Hands out what a log says; returns whether all waits that a callback came for are here. */
  hand(id: string, state: KeyState): boolean
}

export interface LocalWait {
  readonly wait: KeptWait
  readonly key: HeldKey
}

/** Creates an empty set of waits. */
export function createLocalWaits(): LocalWaits {
  const waits = new Map<string, Map<string, LocalWait>>()
  return {
    add(key, wait) {
      const known = waits.get(key.id) ?? new Map<string, LocalWait>()
      waits.set(key.id, known)
      known.set(wait.id, { wait, key })
    },
    delete(wait) {
      for (const id of wait.keys.keys()) {
        const known = waits.get(id)
        if (known?.delete(wait.id) && known.size === 0) waits.delete(id)
      }
    },
    has: (id) => waits.has(id),
    find: (id) => [...(waits.get(id)?.values() ?? [])],
    ids: () => [...waits.keys()],
    hand(id, state) {
      const known = waits.get(id)
      const got = [...state.waits].flatMap(([wait, { got: entry }]) => (entry ? [{ wait, entry }] : []))
      // A waiter that is told may wait again, so all are found before.
      const found = got.map(({ wait, entry }) => ({ wait: known?.get(wait)?.wait, entry }))
      for (const { wait, entry } of found) wait?.take(entry, { id, state })
      return found.every(({ wait }) => wait !== undefined)
    },
  }
}
