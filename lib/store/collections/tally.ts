/** How many of something came since a moment, and the last one. */
export interface Tallied<T> {
  readonly count: number
  /** Whether some are forgotten, so that there may have been more. */
  readonly isAtLeast: boolean
  /** The moment of the last one. */
  readonly at: number
  readonly last: T
}

/** Counts what came since any moment, by growing numbers. */
export interface Tally<T> {
  /** `at` is greater than in each call before. */
  add(at: number, value: T): void
  /** Returns what came after a moment; undefined when nothing did. */
  since(moment: number): Tallied<T> | undefined
}

/** How many moments are kept at most; the older half is forgotten then. */
const MAX = 1000

/** Creates an empty tally. It takes 8 kB at most, besides the last value. */
export function createTally<T>(): Tally<T> {
  let moments: number[] = []
  let hasForgotten = false
  let latest: { readonly at: number; readonly last: T } | undefined
  return {
    add(at, last) {
      if (moments.length >= MAX) {
        moments = moments.slice(MAX / 2)
        hasForgotten = true
      }
      moments.push(at)
      latest = { at, last }
    },
    since(moment) {
      if (latest === undefined || latest.at <= moment) return undefined
      const first = findFirst(moments, moment)
      return { count: moments.length - first, isAtLeast: hasForgotten && first === 0, ...latest }
    },
  }
}

/** Returns the index of the first number that is greater, by halving. */
function findFirst(sorted: readonly number[], moment: number): number {
  let from = 0
  let to = sorted.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((sorted[middle] ?? 0) > moment) to = middle
    else from = middle + 1
  }
  return from
}
