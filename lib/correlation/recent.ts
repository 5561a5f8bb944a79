import type { Clock } from '../types'

/** Remembers keys for a while, and only so many. */
export interface Recent {
  add(key: string): void
  has(key: string): boolean
  delete(key: string): void
}

/** Forgets a key after `forMs`, and the oldest one when there would be more than `max`. Keeps no timer. */
export function createRecent(clock: Clock, forMs: number, max: number): Recent {
  const until = new Map<string, number>()

  function forgetOld(now: number): void {
    for (const [key, end] of until) {
      if (end > now && until.size <= max) return
      until.delete(key)
    }
  }

  return {
    add(key) {
      const now = clock.now()
      until.delete(key)
      until.set(key, now + forMs)
      forgetOld(now)
    },
    has(key) {
      const end = until.get(key)
      return end !== undefined && end > clock.now()
    },
    delete(key) {
      if (until.size > 0) until.delete(key)
    },
  }
}
