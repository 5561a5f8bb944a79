import type { Course } from './course'
import type { DeliveryFilter, Verdict } from './delivery'

export interface HistoryOptions {
  /** How many are kept. */
  readonly keep: number
  /** How many bytes they take up together. */
  readonly maxBytes: number
  /** Told of each one that is kept no longer. */
  readonly onDrop?: ((course: Course) => void) | undefined
}

/** The latest requests, in memory. */
export interface History {
  add(course: Course): void
  /** Puts older ones before all others, the oldest first. */
  prepend(older: readonly Course[]): void
  find(id: string): Course | undefined
  /** Those after one, the oldest first; undefined when that one is not there, or more than `limit` follow. */
  after(id: string, limit: number): readonly Course[] | undefined
  /** The latest one. */
  latest(): Course | undefined
  /** Newest first, from those before an id. */
  newestFirst(before?: string): Generator<Course>
}

/** What an entry takes up beside its body, its target and its headers. */
const OVERHEAD_BYTES = 500

/** Creates the history; what is over a limit goes, the oldest first. */
export function createHistory({ keep, maxBytes, onDrop }: HistoryOptions): History {
  let kept: (Course | undefined)[] = []
  /** Where the oldest one stands: what lies before it is cut off now and then. */
  let first = 0
  let bytes = 0

  function dropOldest(): void {
    const oldest = kept[first]
    if (oldest) {
      bytes -= sizeOf(oldest)
      onDrop?.(oldest)
    }
    // The cut may come much later, and its body would stay in memory until then.
    kept[first] = undefined
    first += 1
    if (first < 1000 || first * 2 < kept.length) return
    kept = kept.slice(first)
    first = 0
  }

  function count(course: Course): void {
    // A body that alone is over the limit would push out all others.
    if (sizeOf(course) > maxBytes) course.body = undefined
    bytes += sizeOf(course)
  }

  function trim(): void {
    while (kept.length - first > keep || (bytes > maxBytes && kept.length - first > 1)) dropOldest()
  }

  return {
    add(course) {
      count(course)
      kept.push(course)
      trim()
    },
    prepend(older) {
      for (const course of older) count(course)
      kept = [...older, ...kept.slice(first)]
      first = 0
      trim()
    },
    find(id) {
      for (let index = kept.length - 1; index >= first; index -= 1) if (kept[index]?.id === id) return kept[index]
      return undefined
    },
    after(id, limit) {
      for (let index = kept.length - 1; index >= first && kept.length - 1 - index <= limit; index -= 1)
        if (kept[index]?.id === id) return kept.slice(index + 1).filter((one) => one !== undefined)
      return undefined
    },
    latest: () => kept.at(-1),
    *newestFirst(before) {
      // Callbacks that come meanwhile move nothing of this list.
      const list = kept.slice(first)
      for (let index = list.length - 1; index >= 0; index -= 1) {
        const entry = list[index]
        if (entry && !entry.isGone && (before === undefined || entry.id < before)) yield entry
      }
    },
  }
}

function sizeOf({ target, keptBytes }: Course): number {
  return OVERHEAD_BYTES + target.length + keptBytes
}

/** Whether a request is one that is asked for; `verdict` and `endpoint` are the cheap questions, and come first. */
export function isWanted(course: Course, filter: DeliveryFilter): boolean {
  const { endpoint, id, verdict, since, until, text } = filter
  if (endpoint !== undefined && course.endpoint !== endpoint) return false
  if (verdict !== undefined && verdictOf(course) !== verdict) return false
  if (since !== undefined && course.receivedAt < since) return false
  if (until !== undefined && course.receivedAt > until) return false
  if (id !== undefined && !course.ids?.includes(id)) return false
  return text === undefined || holds(course, text.toLowerCase())
}

function holds({ target, rawHeaders, body }: Course, text: string): boolean {
  if (target.toLowerCase().includes(text)) return true
  if (rawHeaders.some((part) => part.toLowerCase().includes(text))) return true
  return body !== undefined && body.toString().toLowerCase().includes(text)
}

/** The verdict on a request as a whole. */
export function verdictOf({ items, verdict }: Pick<Course, 'items' | 'verdict'>): Verdict {
  return items ? 'items' : (verdict ?? 'refused')
}
