import type { Key } from './keys'
import type { KeyState } from './key-log'
import type { KeptWait } from './kept-wait'

/** Who waits in this process, by what is waited for. */
export interface LocalWaits {
  add(key: Key, wait: KeptWait): void
  delete(wait: KeptWait): void
  /** The key of an id, if somebody waits for it here. */
  keyOf(id: string): Key | undefined
  ids(): readonly string[]
  /** Hands out what a log says; says whether all whom a callback came for are here. */
  hand(id: string, state: KeyState): boolean
}

/** Gives the waits of this process; none yet. */
export function createLocalWaits(): LocalWaits {
  const waits = new Map<string, { readonly key: Key; readonly byId: Map<string, KeptWait> }>()
  return {
    add(key, wait) {
      const known = waits.get(key.id) ?? { key, byId: new Map() }
      waits.set(key.id, known)
      known.byId.set(wait.id, wait)
    },
    delete(wait) {
      for (const id of wait.keys.keys()) {
        const known = waits.get(id)
        if (known?.byId.delete(wait.id) && known.byId.size === 0) waits.delete(id)
      }
    },
    keyOf: (id) => waits.get(id)?.key,
    ids: () => [...waits.keys()],
    hand(id, state) {
      const known = waits.get(id)
      const got = [...state.waits].flatMap(([wait, { got: entry }]) => (entry ? [{ wait, entry }] : []))
      // Whoever is told may wait anew, so all are found before.
      const found = got.map(({ wait, entry }) => ({ wait: known?.byId.get(wait), entry }))
      for (const { wait, entry } of found) wait?.take(entry)
      return found.every(({ wait }) => wait !== undefined)
    },
  }
}
