import { elapsedOf, MAX_TIMER_MS, unref } from '../../base/timers'
import type { Clock } from '../../base/contracts'

/** Base of the entries of a wheel. Each entry is itself a link in the list of its bucket, so that a wait costs one object. */
export class Timed {
  due = 0
  bucket: Bucket | undefined = undefined
  previous: Timed | undefined = undefined
  following: Timed | undefined = undefined
}

interface Bucket {
  readonly tick: number
  head: Timed | undefined
}

export interface TimerWheel {
  /** Hands the entry to `onDue` after `delayMs`: never early, at most a tick (16 ms) late. */
  add(entry: Timed, delayMs: number): void
  /** Does nothing when the entry is not in the wheel. */
  remove(entry: Timed): void
  /** In how many milliseconds an entry that was added is due; negative when it was due already. */
  remaining(entry: Timed): number
  close(): void
}

const TICK_MS = 16
/** A bucket opens early by at most this share of the time that its entries have left; then they go into narrower buckets. */
const PRECISION = 32

/**
 * Creates a wheel: one timer for any number of entries. Entries that are due late share wide buckets, and go into narrower
 * ones as their time comes closer. So adding and removing cost the same however many there are, in a few hundred buckets.
 */
export function createTimerWheel(clock: Clock, onDue: (entry: Timed) => void): TimerWheel {
  const read = elapsedOf(clock)
  const start = read()
  const buckets = new Map<number, Bucket>()
  let timer: unknown
  let armedTick = Number.POSITIVE_INFINITY
  let closed = false

  function place(entry: Timed, now: number): void {
    if (closed) return
    const tick = bucketTick(entry.due, now)
    let bucket = buckets.get(tick)
    if (bucket === undefined) {
      bucket = { tick, head: undefined }
      buckets.set(tick, bucket)
    }
    link(entry, bucket)
    if (tick < armedTick) arm(tick)
  }

  function arm(tick: number): void {
    disarm()
    armedTick = tick
    const delayMs = start + tick * TICK_MS - read()
    timer = clock.setTimeout(fire, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS))
    unref(timer) // a wait alone does not keep a process alive
  }

  function disarm(): void {
    if (timer !== undefined) clock.clearTimeout(timer)
    timer = undefined
    armedTick = Number.POSITIVE_INFINITY
  }

  function fire(): void {
    disarm()
    const now = Math.floor((read() - start) / TICK_MS)
    for (const bucket of buckets.values()) {
      if (bucket.tick <= now) empty(bucket, now)
    }
    if (buckets.size > 0) arm(Math.min(...buckets.keys()))
  }

  function empty(bucket: Bucket, now: number): void {
    buckets.delete(bucket.tick)
    for (let entry = bucket.head; entry !== undefined && !closed; entry = bucket.head) {
      unlink(entry)
      if (entry.due <= now) onDue(entry)
      else place(entry, now)
    }
  }

  return {
    add(entry, delayMs) {
      const sinceStart = read() - start
      entry.due = Math.ceil((sinceStart + Math.max(delayMs, 0)) / TICK_MS)
      place(entry, Math.floor(sinceStart / TICK_MS))
    },
    remove: unlink,
    remaining: ({ due }) => start + due * TICK_MS - read(),
    close() {
      closed = true
      disarm()
      buckets.clear()
    },
  }
}

/** The start of the widest bucket that does not open too early for an entry that is due at `due`. */
function bucketTick(due: number, now: number): number {
  const remaining = due - now
  if (remaining <= PRECISION) return due
  const width = 2 ** (31 - Math.clz32(remaining / PRECISION))
  return Math.floor(due / width) * width
}

function link(entry: Timed, bucket: Bucket): void {
  entry.bucket = bucket
  entry.previous = undefined
  entry.following = bucket.head
  if (bucket.head) bucket.head.previous = entry
  bucket.head = entry
}

function unlink(entry: Timed): void {
  const { bucket, previous, following } = entry
  if (bucket === undefined) return
  if (previous) previous.following = following
  else bucket.head = following
  if (following) following.previous = previous
  entry.bucket = undefined
  entry.previous = undefined
  entry.following = undefined
}
