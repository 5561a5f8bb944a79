import type { DoneEntry, KeyState, KeyWait, Many, OutcomeEntry, WaitEntry } from './key-entries'

/** Returns what a new wait holds: what was parked for it. */
export function beginMany(entry: WaitEntry, parked: readonly OutcomeEntry[], order: number): Many | undefined {
  const { many } = entry
  return many && { ...many, since: order, items: parked.map((one) => ({ order, entry: one })) }
}

/** Returns a wait that is registered again: it has another reader, and begins its time again when that was up. */
export function continueMany(known: KeyWait, many: Many, entry: WaitEntry, isOver: boolean): KeyWait {
  const until = isOver ? entry.until : Math.max(known.until, entry.until)
  return { ...known, until, many: { ...many, ...entry.many, isLate: false } }
}

/** Adds a callback to those of a wait, whose deadline it moves. */
export function addTo(wait: KeyWait, many: Many, entry: OutcomeEntry, order: number): KeyWait {
  many.items.push({ order, entry })
  const { idleMs } = many
  return idleMs === undefined ? wait : { ...wait, until: Math.max(wait.until, entry.at + idleMs) }
}

/** Takes out a callback that is dealt with, and those before it. Returns whether the wait is over by that. */
export function takeDone({ items, isLate }: Many, { order, of }: DoneEntry): boolean {
  const index = items.findIndex((item) => item.order === order && item.entry.at === of)
  items.splice(0, index + 1)
  return isLate === true && items.length === 0
}

/** Returns a wait whose time is up, or undefined when nothing is left of it; one that got a callback meanwhile goes on. */
export function makeLate(wait: KeyWait, many: Many, at: number): KeyWait | undefined {
  if (many.idleMs !== undefined && wait.until > at) return wait
  return many.items.length === 0 ? undefined : { ...wait, many: { ...many, isLate: true } }
}

/**
 * Hands what a wait has left to the oldest wait for many that did not get it as it came. Returns the outcomes that no wait
 * takes.
 */
export function handOn(state: KeyState, { items }: Many): readonly OutcomeEntry[] {
  return items.flatMap(({ order, entry }) => {
    const next = [...state.waits].find(([, { many }]) => many?.idleMs !== undefined && many.isLate !== true)
    const [name, wait] = next ?? []
    if (name === undefined || wait?.many === undefined) return entry.isPending ? [] : entry
    if (order <= wait.many.since) state.waits.set(name, addTo(wait, wait.many, entry, state.length))
    return []
  })
}
