import type { KeyState, KeyWait, ManyItem, OutcomeEntry, StateEntry, StateWait } from './key-entries'

/** Returns the entry that replaces the entries of a state. */
export function toStateEntry({ waits, parked, settledAt, waitedAt }: KeyState): StateEntry {
  const outcomes = [...new Set([...waits.values()].flatMap(outcomesOf))]
  const indexes = new Map(outcomes.map((entry, index) => [entry, index]))
  const listed = [...waits].map(([name, wait]) => toStateWait(name, wait, indexes))
  return { is: 'state', waits: listed, outcomes, parked, settledAt, waitedAt }
}

/** A state in which nothing counts. */
export const NOTHING: StateEntry = { is: 'state', waits: [], outcomes: [], parked: [] }

/** Replaces a state by what its entry says. */
export function restore(state: KeyState, { waits, outcomes, parked, settledAt, waitedAt }: StateEntry): void {
  state.waits.clear()
  for (const { name, ...wait } of waits) state.waits.set(name, fromStateWait(wait, outcomes))
  state.parked = parked
  state.settledAt = settledAt
  state.waitedAt = waitedAt
}

/** Returns the outcomes that a wait holds. */
export function outcomesOf({ got, many }: KeyWait): readonly OutcomeEntry[] {
  return [...(got ? [got] : []), ...(many?.items.map(({ entry }) => entry) ?? [])]
}

/** Returns what a state entry keeps of a wait, with indexes in a list of outcomes. */
function toStateWait(name: string, wait: KeyWait, outcomes: ReadonlyMap<OutcomeEntry, number>): StateWait {
  const { got, many, ...rest } = wait
  const indexOf = (entry: OutcomeEntry): number => outcomes.get(entry) ?? 0
  const toIndexes = ({ order, entry }: ManyItem): readonly [number, number] => [order, indexOf(entry)]
  return {
    name,
    ...rest,
    ...(got && { got: indexOf(got) }),
    ...(many && { many: { ...many, items: many.items.map(toIndexes) } }),
  }
}

/** Returns the wait that a state entry keeps. */
function fromStateWait({ got, many, ...rest }: Omit<StateWait, 'name'>, outcomes: readonly OutcomeEntry[]): KeyWait {
  const items = many?.items.flatMap(([order, index]) => {
    const entry = outcomes[index]
    return entry ? [{ order, entry }] : []
  })
  return {
    ...rest,
    ...(got !== undefined && { got: outcomes[got] }),
    ...(many && { many: { ...many, items: items ?? [] } }),
  }
}
