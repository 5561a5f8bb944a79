import type { Clock } from '../../base/contracts'
import { elapsedOf } from '../../base/timers'

/** How often each sender came in its window, as express-rate-limit asks for it (its `Store`). */
export interface HitCounts {
  increment(key: string): { readonly totalHits: number; readonly resetTime: Date }
  decrement(key: string): void
  resetKey(key: string): void
}

interface Hits {
  total: number
  /** When the window ends, by the clock that nobody can set. */
  readonly end: number
}

/** About 10 MB. */
const MAX_SENDERS = 100_000

/**
 * Gives counts that go by a clock, keep no timer, and know no more than `maxSenders`. A window begins with a sender's
 * first request. Two maps take turns, so that forgetting costs nothing: what was not asked for since the turn before goes
 * at the next, when a window has passed (then its own is over too) or, in a flood of senders, when a map is full.
 */
export function createHitCounts(windowMs: number, clock: Clock, maxSenders = MAX_SENDERS): HitCounts {
  let recent = new Map<string, Hits>()
  let before = new Map<string, Hits>()
  let turnedAt = Number.NEGATIVE_INFINITY
  const elapsed = elapsedOf(clock)

  function turn(now: number): void {
    if (now - turnedAt < windowMs && recent.size < maxSenders / 2) return
    before = recent
    recent = new Map()
    turnedAt = now
  }

  function find(key: string): Hits | undefined {
    return recent.get(key) ?? before.get(key)
  }

  return {
    increment(key) {
      const now = elapsed()
      turn(now)
      const known = find(key)
      const hits = known && known.end > now ? known : { total: 0, end: now + windowMs }
      hits.total += 1
      recent.set(key, hits)
      return { totalHits: hits.total, resetTime: new Date(Math.ceil(clock.now() + hits.end - now)) }
    },
    decrement(key) {
      const hits = find(key)
      if (hits && hits.total > 0) hits.total -= 1
    },
    resetKey(key) {
      recent.delete(key)
      before.delete(key)
    },
  }
}
