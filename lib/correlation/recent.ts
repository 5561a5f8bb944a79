import type { Clock } from '../types'

/** Remembers keys for a while, and only so many. */
export interface Recent {
  /** Remembers a key for the usual time, or until a time in milliseconds since the epoch, and never shorter than before. */
  add(key: string, until?: number): void
  has(key: string): boolean
  /** Forgets a key, and gives until when it would have been remembered. */
  take(key: string): number | undefined
}

/** Forgets a key after `forMs`, and the oldest one when there would be more than `max`. Keeps no timer. */
export function createRecent(clock: Clock, forMs: number, max: number): Recent {
  const remembered = new Map<string, number>()

  function forgetOld(now: number): void {
    for (const [key, end] of remembered) {
      if (end > now && remembered.size <= max) return
      remembered.delete(key)
    }
  }

  return {
    add(key, until = clock.now() + forMs) {
      const before = remembered.get(key) ?? until
      remembered.delete(key)
      remembered.set(key, Math.max(until, before))
      forgetOld(clock.now())
    },
    has(key) {
      const end = remembered.get(key)
      return end !== undefined && end > clock.now()
    },
    take(key) {
      if (remembered.size === 0) return undefined
      const end = remembered.get(key)
      remembered.delete(key)
      return end
    },
  }
}
