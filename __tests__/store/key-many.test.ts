import { describe, expect, test } from '@jest/globals'
import type { EndReason, KeyEntry, KeyState } from '../../lib/store/durable/key-entries'
import { liveUntil, readKeyLog } from '../../lib/store/durable/key-log'
import { toStateEntry } from '../../lib/store/durable/key-state'

const HOUR = 3_600_000
const IDLE = 1000
const WEEK = 7 * 24 * HOUR

/** A wait for many, for a second between two callbacks. */
const many = (wait: string, at = 0, more: { by?: string; reader?: string } = {}): KeyEntry => {
  const { by, reader = wait } = more
  return { is: 'wait', wait, at, until: at + IDLE, by, many: { idleMs: IDLE, reader } }
}
/** A wait that looks at each callback, for a second in all. */
const looking = (wait: string, at = 0): KeyEntry => ({ is: 'wait', wait, at, until: at + IDLE, many: { reader: wait } })
const plain = (wait: string, at = 0): KeyEntry => ({ is: 'wait', wait, at, until: at + HOUR })
const came = (kept: number, at = 1): KeyEntry => ({ is: 'outcome', kept, at, until: at + HOUR })
const pending = (kept: number, at = 1): KeyEntry => ({ is: 'outcome', kept, at, until: at + HOUR, isPending: true })
const done = (wait: string, order: number, of = 1): KeyEntry => ({ is: 'done', wait, order, of, at: 9 })
const end = (wait: string, why: EndReason, at = 5): KeyEntry => ({ is: 'end', wait, at, why })
const gone = (by: string): KeyEntry => ({ is: 'gone', by, at: 5 })

/** Shows `wait:1,2` with what is not dealt with, `wait=1` with an outcome, `P1` for what is parked. */
function show({ waits, parked, settledAt }: KeyState): string {
  const shown = [...waits].map(([name, { got, many: held }]) => {
    if (held === undefined) return got ? `${name}=${String(got.kept)}` : name
    return `${name}:${held.items.map(({ entry }) => entry.kept).join(',')}${held.isLate ? ' late' : ''}`
  })
  return [
    ...shown,
    ...parked.map(({ kept }) => `P${String(kept)}`),
    ...(settledAt === undefined ? [] : ['settled']),
  ].join(' ')
}

const CASES: readonly (readonly [string, readonly KeyEntry[], string])[] = [
  ['keeps each callback, pending ones too', [many('m'), came(1), pending(2), came(3)], 'm:1,2,3'],
  ['lets go of what is dealt with, and what is before it', [many('m'), came(1), came(2), came(3), done('m', 3)], 'm:3'],
  ['lets go of nothing for a place that it has not', [many('m'), came(1), done('m', 2, 7), done('m', 9)], 'm:1'],
  ['has what was parked before it', [came(1), many('m', 2), came(2, 3)], 'm:1,2'],
  ['does not settle its id while it goes on', [many('m'), came(1), plain('w', 2)], 'm:1 w'],
  ['shares with a wait for one', [many('m'), plain('w'), came(1), came(2)], 'm:1,2 w=1 settled'],
  ['moves its deadline with each callback', [many('m'), came(1, 900), end('m', 'late', 1500), came(2, 1600)], 'm:1,2'],
  ['is late when none came', [many('m'), end('m', 'late', 1500), came(2, 1600)], 'P2'],
  ['keeps what came before it was late', [many('m'), came(1), end('m', 'late', 1500), came(2, 1600)], 'm:1 late P2'],
  ['is gone when that is dealt with too', [many('m'), came(1), end('m', 'late', 1500), done('m', 2)], ''],
  ['begins again by its name', [many('m'), came(1), end('m', 'late', 1500), many('m', 2000), came(2, 2001)], 'm:1,2'],
  ['goes on with another reader', [many('m'), came(1), many('m', 2, { reader: 'r' }), came(2, 3)], 'm:1,2'],
  ['settles its id by its end', [many('m'), came(1), end('m', 'settled'), came(2, 6)], 'settled'],
  ['leaves nothing when it is cancelled', [many('m'), came(1), end('m', 'cancelled')], ''],
  ['leaves what came to the next, in its order', [many('m'), came(1), pending(2), came(3), end('m', 'left')], 'P1 P3'],
  ['so that the next has it', [many('m'), came(1), came(2), end('m', 'left'), many('n', 6)], 'n:1,2'],
  ['or the one that is there', [many('m'), came(1), many('n', 2), came(2, 3), end('m', 'left')], 'n:2,1'],
  [
    'is left when its process is gone',
    [many('m', 0, { by: 'P' }), came(1), many('n', 2, { by: 'Q' }), gone('P')],
    'n:1',
  ],
  ['ends with a minute of grace', [many('m'), came(1, IDLE + 60_000)], 'm: P1'],
  ['that looks keeps no pending callback', [looking('l'), pending(1), came(2)], 'l:2'],
  ['that looks keeps its deadline', [looking('l'), came(1, 900), end('l', 'late', 1500), came(2, 1600)], 'l:1 late P2'],
]

describe('the log of a wait for many', () => {
  test.each(CASES)('%s', (_, log, expected) => {
    expect(show(readKeyLog(log, false))).toBe(expected)
  })

  test.each(CASES)('says the same when it is cut anywhere: %s', (_, log, expected) => {
    for (let count = 1; count <= log.length; count += 1) {
      const cut = JSON.parse(JSON.stringify(toStateEntry(readKeyLog(log.slice(0, count), false)))) as KeyEntry
      expect(show(readKeyLog([cut, ...log.slice(count)], false, count - 1))).toBe(expected)
    }
  })

  test('counts until a minute after its time, and for a week with what is not dealt with', () => {
    const data = { anonymous: false, remembers: false }
    expect(liveUntil(readKeyLog([many('m')], false), data)).toBe(IDLE + 60_000)
    expect(liveUntil(readKeyLog([many('m'), came(1, 900)], false), data)).toBe(900 + WEEK)
  })
})
