import type { Clock, Delivery, Pending } from '../../base/contracts'

/** Remembers keys for a while, and only so many. */
export interface Recent {
  /** Remembers a key for the usual time, or until the given time (milliseconds since the epoch); never shorter than before. */
  add(key: string, until?: number): void
  has(key: string): boolean
  /** Forgets a key, and returns until when it would have been remembered. */
  take(key: string): number | undefined
}

/** Creates what forgets a key after `forMs`, and the oldest one when there would be more than `max`. Keeps no timer. */
export function createRecent(clock: Clock, forMs: number, max: number): Recent {
  const remembered = new Map<string, number>()

  // One iterator is kept: a new one steps over all keys that were deleted at the front since V8 last rebuilt the map.
  let walk = remembered.entries()
  let oldest: [string, number] | undefined

  function findOldest(): [string, number] | undefined {
    if (oldest !== undefined) return oldest
    let step = walk.next()
    if (step.done === true) {
      walk = remembered.entries()
      step = walk.next()
    }
    oldest = step.done === true ? undefined : step.value
    return oldest
  }

  /** The iterator goes on when the key at its place is deleted, or added again at the end. */
  function drop(key: string): void {
    remembered.delete(key)
    if (oldest?.[0] === key) oldest = undefined
  }

  function forgetOld(now: number): void {
    for (let first = findOldest(); first !== undefined; first = findOldest()) {
      if (first[1] > now && remembered.size <= max) return
      drop(first[0])
    }
  }

  return {
    add(key, until = clock.now() + forMs) {
      const before = remembered.get(key)
      if (before !== undefined) drop(key)
      remembered.set(key, before === undefined ? until : Math.max(until, before))
      forgetOld(clock.now())
    },
    has(key) {
      const end = remembered.get(key)
      return end !== undefined && end > clock.now()
    },
    take(key) {
      if (remembered.size === 0) return undefined
      const end = remembered.get(key)
      if (end !== undefined) drop(key)
      return end
    },
  }
}

/**
 * Does work once for each key, and returns `duplicate` for a key that is remembered. The key is claimed before the work,
 * since the work may deliver the same key again. It is free again when the work throws or returns `duplicate`.
 */
export function takeOnce<T extends Delivery | Pending>(
  claimed: Recent,
  key: string | undefined,
  work: () => T,
): T | 'duplicate' {
  if (key === undefined) return work()
  if (claimed.has(key)) return 'duplicate'
  claimed.add(key)
  let delivery: T | undefined
  try {
    delivery = work()
    return delivery
  } finally {
    if (delivery === undefined || delivery === 'duplicate') claimed.take(key)
  }
}
