import { describe, expect, test } from '@jest/globals'
import type { EndReason, KeyEntry } from '../../lib/store/durable/key-entries'
import { applyEntry, isDuplicate, liveUntil, readKeyLog, waitsAt } from '../../lib/store/durable/key-log'
import { toStateEntry } from '../../lib/store/durable/key-state'
import { REMEMBER_MS } from '../../lib/store/scope'

const HOUR = 60 * 60_000
const WEEK = 7 * REMEMBER_MS

function wait(name: string, at = 0, by?: string): KeyEntry {
  return { is: 'wait', wait: name, at, until: at + HOUR, ...(by !== undefined && { by }) }
}

function outcome(kept: unknown, at = 1, run?: string): KeyEntry {
  return { is: 'outcome', kept, at, until: at + HOUR, run }
}

function end(name: string, why: EndReason, at = 2): KeyEntry {
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
    ['a wait with its callback', GOT, end('w', 'cancelled'), 'P1 settled', undefined],
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

describe('waits of several processes', () => {
  const of = (name: string, by: string, at = 0): KeyEntry => wait(name, at, by)
  const gone = (by: string, at = 2): KeyEntry => ({ is: 'gone', by, at })

  test.each<[string, readonly KeyEntry[], string]>([
    [
      'get what came for another one, which has not taken it',
      [of('v', 'P'), outcome(1), of('w', 'Q', 2)],
      'v=1 w=1 settled',
    ],
    ['but not within one process', [of('v', 'P'), outcome(1), of('w', 'P', 2)], 'v=1 w'],
    ['nor a while later', [of('v', 'P'), outcome(1), of('w', 'P', 11_000)], 'v=1 w'],
    ['nor what is taken', [of('v', 'P'), outcome(1), end('v', 'settled'), of('w', 'Q', 2)], 'w'],
    [
      'nor what another one has taken',
      [of('u', 'P'), of('v', 'R'), outcome(1), end('u', 'settled'), of('w', 'Q', 20_000)],
      'v=1 w',
    ],
    [
      'nor what is taken by the one that got it from there',
      [of('v', 'P'), outcome(1), of('w', 'Q', 2), end('w', 'settled', 3), of('x', 'Q', 20_000)],
      'v=1 x',
    ],
    [
      'nor what their own process has for another one',
      [of('v', 'P'), of('w', 'Q'), outcome(1), of('x', 'Q', 2)],
      'v=1 w=1 x',
    ],
    [
      'give up what they do not want',
      [of('v', 'P'), outcome(1), end('v', 'cancelled'), of('w', 'P', 3)],
      'w=1 settled',
    ],
    ['leave what they have not handed out', [of('v', 'P'), outcome(1), end('v', 'left')], 'P1 settled'],
    ['nothing when they have nothing', [of('v', 'P'), end('v', 'left'), outcome(1)], 'P1'],
    [
      'nothing that is taken',
      [of('v', 'P'), of('w', 'Q'), outcome(1), end('w', 'settled'), end('v', 'left')],
      'settled',
    ],
    ['nothing that another one has', [of('v', 'P'), of('w', 'Q'), outcome(1), end('v', 'left')], 'w=1 settled'],
    [
      'are all over when their process is gone',
      [of('v', 'P'), of('w', 'Q'), of('x', 'P'), gone('P'), outcome(1)],
      'w=1 settled',
    ],
    ['and what came for them is for the next', [of('v', 'P'), outcome(1), gone('P'), of('w', 'P', 3)], 'w=1 settled'],
    ['which a run never is', [wait('v'), outcome(1), gone('P')], 'v=1 settled'],
  ])('%s', (_, log, expected) => {
    expect(show(log, false)).toBe(expected)
  })

  test.each<[string, readonly KeyEntry[], string]>([
    ['are passed over when their process is gone', [of('v', 'P'), of('w', 'Q'), gone('P'), outcome(1)], 'w=1'],
    ['give what came for them to the next one', [of('v', 'P'), of('w', 'Q'), outcome(1), gone('P')], 'w=1'],
    [
      'or keep it, in its order',
      [of('v', 'P'), of('w', 'P'), outcome(1), outcome(2, 2), outcome(3, 3), gone('P', 4)],
      'P1 P2 P3',
    ],
    ['get nothing that came for another one', [of('v', 'P'), outcome(1), of('w', 'Q', 20_000)], 'v=1 w'],
    ['leave their place', [of('v', 'P'), outcome(1), end('v', 'left'), of('w', 'Q', 3)], 'w=1'],
  ])('on an endpoint without ids %s', (_, log, expected) => {
    expect(show(log, true)).toBe(expected)
  })

  test('keep what nobody has taken for a week', () => {
    const log = [of('v', 'P'), outcome(1), end('v', 'left')]
    expect(show([...log, of('w', 'P', WEEK)], false)).toBe('w=1 settled')
    expect(show([...log, of('w', 'P', WEEK + 1)], false)).toBe('w P1')
  })
})

describe('a log that is cut', () => {
  const logs: readonly (readonly KeyEntry[])[] = [
    NONE,
    WAITING,
    GOT,
    PARKED,
    SETTLED,
    IN_VAIN,
    STARTED,
    [wait('v', 0, 'P'), wait('w', 0, 'Q'), outcome(1), wait('x', 2, 'R'), end('x', 'settled', 3)],
    [outcome(1), outcome(2, 2 * HOUR), outcome(3, 3 * HOUR), wait('w', 3 * HOUR)],
  ]
  const later: readonly KeyEntry[] = [
    wait('y', 4, 'S'),
    outcome(9, 5),
    end('w', 'left', 6),
    { is: 'gone', by: 'P', at: 7 },
    wait('z', 8, 'S'),
    end('y', 'settled', 9),
  ]

  test.each(logs.map((log) => [log]))('says what it said before, and goes on so: %j', (log) => {
    for (const anonymous of [false, true]) {
      const cut = JSON.parse(JSON.stringify(toStateEntry(readKeyLog(log, anonymous)))) as KeyEntry
      for (let count = 0; count <= later.length; count += 1) {
        const more = later.slice(0, count)
        expect(show([cut, ...more], anonymous)).toBe(show([...log, ...more], anonymous))
        expect(readKeyLog([cut, ...more], anonymous, 7).length).toBe(8 + count)
      }
    }
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
