import type { Clock } from '../../base/contracts'
import { parkingFull, type ParkingLimits } from '../parking'
import { createTimerWheel, Timed } from '../collections/timer-wheel'

/** Counts the callbacks that this process has parked in the store, so that they are bounded. */
export interface ParkedHere {
  /** Counts one more of an endpoint; `remove` takes it out again. Throws `ERR_PARKING_FULL`. */
  add(endpoint: string, key: string, bytes: number): { remove(): void }
  /** Takes out the oldest one of a key. */
  remove(key: string): void
  /** Returns how many there are of one endpoint, or of all. */
  count(endpoint?: string): number
  close(): void
}

class Note extends Timed {
  constructor(
    readonly endpoint: string,
    readonly key: string,
    readonly bytes: number,
  ) {
    super()
  }
}

interface Total {
  count: number
  bytes: number
}

/** Creates the count of a process; a callback that has been parked for `forMs` is not counted any more. */
export function createParkedHere({ forMs, max, maxBytes }: ParkingLimits, clock: Clock): ParkedHere {
  const notes = new Map<string, Set<Note>>()
  const totals = new Map<string, Total>()
  const wheel = createTimerWheel(clock, (entry) => entry instanceof Note && drop(entry))

  function totalOf(endpoint: string): Total {
    const total = totals.get(endpoint) ?? { count: 0, bytes: 0 }
    totals.set(endpoint, total)
    return total
  }

  function drop(note: Note): void {
    const ofKey = notes.get(note.key)
    if (!ofKey?.delete(note)) return
    if (ofKey.size === 0) notes.delete(note.key)
    const total = totalOf(note.endpoint)
    total.count -= 1
    total.bytes -= note.bytes
    wheel.remove(note)
  }

  return {
    add(endpoint, key, bytes) {
      const total = totalOf(endpoint)
      if (total.count >= max || total.bytes + bytes > maxBytes) throw parkingFull(endpoint, total.count, total.bytes)
      const note = new Note(endpoint, key, bytes)
      notes.set(key, (notes.get(key) ?? new Set()).add(note))
      total.count += 1
      total.bytes += bytes
      wheel.add(note, forMs)
      return { remove: () => drop(note) }
    },
    remove(key) {
      const [first] = notes.get(key) ?? []
      if (first) drop(first)
    },
    count(endpoint) {
      if (endpoint !== undefined) return totals.get(endpoint)?.count ?? 0
      return [...totals.values()].reduce((sum, { count }) => sum + count, 0)
    },
    close: wheel.close,
  }
}
