import type { Judged } from '../../../base/contracts'
import { eachFull, type EachLimits } from '../../each/full'
import type { KeyState, KeyWait } from '../key-entries'
import { waitsAt } from '../key-log'

/** Bounds what the waits for many of a log hold that nobody has dealt with yet; a wait with `when` deals with each at once. */
export interface Room {
  /**
   * Does the work that gives one more callback to the waits of a key. Throws `ERR_EACH_FULL` when one of them has no room;
   * what this process is giving to the key counts too, what other processes give in the same moment does not.
   */
  give<T>(key: string, state: KeyState, coming: Coming, work: () => Promise<T>): Promise<T>
}

/** A callback that is to be given. */
export interface Coming {
  readonly callback: Judged
  readonly at: number
  readonly bytes: number
}

/** Creates the bound of a process. */
export function createRoom({ max, maxBytes }: EachLimits): Room {
  const underWay = new Map<string, number>()

  function isFull({ many }: KeyWait, key: string, bytes: number): boolean {
    const { items = [] } = many ?? {}
    const coming = underWay.get(key) ?? 0
    if (items.length + coming === 0) return false
    const held = items.reduce((sum, { entry }) => sum + (entry.bytes ?? 0), 0)
    return items.length + coming >= max || held + bytes > maxBytes
  }

  return {
    async give(key, state, { callback, at, bytes }, work) {
      const names = waitsAt(state, at, false, callback.outcome === 'pending')
      const waits = names
        .flatMap((name) => state.waits.get(name) ?? [])
        .filter(({ many }) => many?.idleMs !== undefined)
      if (waits.some((wait) => isFull(wait, key, bytes))) throw eachFull(callback)
      if (waits.length === 0) return work()
      underWay.set(key, (underWay.get(key) ?? 0) + 1)
      try {
        return await work()
      } finally {
        const left = (underWay.get(key) ?? 1) - 1
        if (left === 0) underWay.delete(key)
        else underWay.set(key, left)
      }
    },
  }
}
