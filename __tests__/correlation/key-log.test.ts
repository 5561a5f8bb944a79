import { describe, expect, test } from '@jest/globals'
import type { KeyEntry } from '../../lib/correlation/key-entries'
import { applyEntry, isDuplicate, liveUntil, readKeyLog, REMEMBER_MS, waitsAt } from '../../lib/correlation/key-log'

const HOUR = 60 * 60_000
const WEEK = 7 * REMEMBER_MS

function wait(name: string, at = 0): KeyEntry {
  return { is: 'wait', wait: name, at, until: at + HOUR }
}

function outcome(kept: unknown, at = 1, run?: string): KeyEntry {
  return { is: 'outcome', kept, at, until: at + HOUR, run }
}

function end(name: string, why: 'settled' | 'late' | 'cancelled', at = 2): KeyEntry {
  return { is: 'end', wait: name, at, why }
}

/** A state as text: who waits for what, what is parked, and what is remembered. */
function show(log: readonly KeyEntry[], anonymous: boolean): string {
  const state = readKeyLog(log, anonymous)
  const waits = [...state.waits].map(([name, { got }]) => (got ? `${name}=${String(got.kept)}` : name))
  const parked = state.parked.map(({ kept }) => `P${String(kept)}`)
  const facts = [state.settledAt !== undefined && 'settled'].filter(Boolean)
  return [...waits, ...parked, ...facts].join(' ')
}

const NONE: readonly KeyEntry[] = []
const WAITING = [wait('w')]
const GOT = [wait('w'), outcome(1)]
const PARKED = [outcome(1)]
const SETTLED = [...GOT, end('w', 'settled')]
const IN_VAIN = [wait('w'), end('w', 'late')]
const STARTED = [outcome(1, 1, 'run')]

describe('the log of an id', () => {
  test.each<[string, readonly KeyEntry[], KeyEntry, string, string | undefined]>([
    ['nothing', NONE, wait('x'), 'x', undefined],
    ['nothing', NONE, outcome(2), 'P2', 'parked'],
    ['nothing', NONE, outcome(2, 1, 'run'), 'settled', 'started'],
    ['nothing', NONE, end('x', 'settled'), '', undefined],
    ['nothing', NONE, { is: 'over', index: 0 }, '', undefined],
    ['nothing', NONE, { is: 'over', index: 1 }, '', undefined],
    ['a wait', WAITING, wait('w', 9), 'w', undefined],
    ['a wait', WAITING, wait('x'), 'w x', undefined],
    ['a wait', WAITING, outcome(2), 'w=2 settled', 'settled'],
    ['a wait', WAITING, outcome(2, 1, 'run'), 'w settled', 'started'],
    ['a wait', WAITING, end('w', 'settled'), 'settled', undefined],
    ['a wait', WAITING, end('w', 'late'), '', undefined],
    ['a wait', WAITING, end('w', 'cancelled'), '', undefined],
    ['a wait', WAITING, end('x', 'settled'), 'w', undefined],
    ['a wait that is long over', WAITING, outcome(2, 2 * HOUR), 'w P2', 'parked'],
    ['a wait with its callback', GOT, wait('w', 9), 'w=1 settled', undefined],
    ['a wait with its callback', GOT, wait('x'), 'w=1 x', undefined],
    ['a wait whose process is gone', GOT, wait('x', 11_000), 'w=1 x=1 settled', undefined],
    ['a wait with its callback', GOT, outcome(2), 'w=1 settled', 'duplicate'],
    ['a wait with its callback', GOT, end('w', 'settled'), 'settled', undefined],
    ['a wait with its callback', GOT, end('w', 'late'), 'w=1 settled', undefined],
    ['a wait with its callback', GOT, end('w', 'cancelled'), 'settled', undefined],
    ['a parked callback', PARKED, wait('x', 1), 'x=1 settled', undefined],
    ['a parked callback', PARKED, wait('x', 2 * HOUR), 'x P1', undefined],
    ['a parked callback', PARKED, outcome(2), 'P1', 'duplicate'],
    ['a parked callback', PARKED, outcome(2, 2 * HOUR), 'P1 P2', 'parked'],
    ['a parked callback', PARKED, outcome(2, 1, 'run'), 'P1', 'duplicate'],
    ['what is settled', SETTLED, wait('x', 3), 'x', undefined],
    ['what is settled', SETTLED, outcome(2, 3), 'settled', 'duplicate'],
    ['what is settled', SETTLED, outcome(2, 3 + REMEMBER_MS), 'P2 settled', 'parked'],
    ['what was waited for in vain', IN_VAIN, outcome(2, 3), 'P2', 'parked'],
    ['what has started a run', STARTED, outcome(2, 3, 'run'), 'settled', 'duplicate'],
    ['what has started a run', STARTED, wait('x', 3), 'x', undefined],
    ['what 0.4 said is over', [{ is: 'over', index: 0 }], outcome(2), 'P2', 'parked'],
    ['what 0.4 said is over', [...WAITING, { is: 'over', index: 1 }], end('w', 'settled'), '', undefined],
    ['what 0.4 said is over', [...SETTLED, { is: 'over', index: 3 }], outcome(2), 'P2', 'parked'],
    ['what 0.4 said is over, too late', [...WAITING, { is: 'over', index: 0 }], outcome(2), 'w=2 settled', 'settled'],
  ])('after %s, with one more entry', (_, log, entry, expected, delivery) => {
    expect(show([...log, entry], false)).toBe(expected)
    expect(applyEntry(readKeyLog(log, false), entry, false)).toBe(delivery)
  })
})

describe('the log of an endpoint without ids', () => {
  test.each<[string, readonly KeyEntry[], string]>([
    ['the oldest wait gets the next callback', [wait('v'), wait('w'), outcome(1)], 'v=1 w'],
    ['each gets its own', [wait('v'), wait('w'), outcome(1), outcome(2)], 'v=1 w=2'],
    ['others are parked, in their order', [outcome(1), outcome(2), outcome(3), wait('w')], 'w=1 P2 P3'],
    ['nothing is settled', [wait('w'), outcome(1), end('w', 'settled')], ''],
    [
      'what came for a wait that has something else is given to the next',
      [wait('v'), wait('w'), outcome(1), end('v', 'cancelled')],
      'w=1',
    ],
    ['or comes before what is parked', [wait('v'), outcome(1), outcome(2), end('v', 'cancelled')], 'P1 P2'],
    ['but not what came before its time was up', [wait('v'), outcome(1), end('v', 'late')], 'v=1'],
  ])('%s', (_, log, expected) => {
    expect(show(log, true)).toBe(expected)
  })
})

describe('what counts of a log', () => {
  test.each<[string, readonly KeyEntry[], boolean, boolean, number]>([
    ['nothing', NONE, false, true, 0],
    ['a wait, and a minute more', WAITING, false, false, HOUR + 60_000],
    ['a wait with its callback, for a week', GOT, false, false, 1 + WEEK],
    ['a parked callback', PARKED, false, false, 1 + HOUR],
    ['what is settled, for a day', SETTLED, false, false, 2 + REMEMBER_MS],
    ['nothing of it without ids', SETTLED, true, false, 0],
    ['what was waited for in vain, where that matters', IN_VAIN, false, true, 2 + REMEMBER_MS],
    ['not where it does not', IN_VAIN, false, false, 0],
  ])('is %s', (_, log, anonymous, remembers, expected) => {
    expect(liveUntil(readKeyLog(log, anonymous), { anonymous, remembers })).toBe(expected)
  })

  test.each<[string, readonly KeyEntry[], number, number, boolean]>([
    ['a wait', WAITING, HOUR, 1, false],
    ['a wait a minute after its time', WAITING, HOUR + 60_000, 0, false],
    ['what is settled', SETTLED, 1 + REMEMBER_MS, 0, true],
    ['what was settled a day ago', SETTLED, 2 + REMEMBER_MS, 0, false],
    ['what is parked', PARKED, HOUR, 0, true],
    ['what was parked', PARKED, HOUR + 1, 0, false],
  ])('of %s at a time', (_, log, at, waits, isRepeated) => {
    const state = readKeyLog(log, false)
    expect(waitsAt(state, at, false).length).toBe(waits)
    expect(isDuplicate(state, at)).toBe(isRepeated)
  })
})
