import { describe, expect, test } from '@jest/globals'
import { CallbackError } from '../../lib/base/errors'
import { outcomeEvent } from '../../lib/base/events'
import { createTally } from '../../lib/store/collections/tally'
import { createArrivals } from '../../lib/store/arrivals'

const DONE = { key: 'POST /done' }
const READY = { key: 'POST /ready' }

function outcome(id: string | undefined, endpoint: string) {
  return {
    outcome: 'succeeded',
    id,
    endpoint,
    status: undefined,
    result: 1,
    body: 1,
    headers: {},
    receivedAt: 0,
  } as const
}

describe('a tally', () => {
  test.each([
    [0, 3, 9],
    [1, 2, 9],
    [4, 2, 9],
    [5, 1, 9],
    [8, 1, 9],
    [9, undefined, undefined],
    [99, undefined, undefined],
  ])('since %d has %s', (since, count, at) => {
    const tally = createTally<string>()
    for (const moment of [1, 5, 9]) tally.add(moment, `at ${moment}`)
    expect(tally.since(since)).toEqual(count === undefined ? undefined : { count, isAtLeast: false, at, last: 'at 9' })
  })

  test('forgets the oldest of many, and says so', () => {
    const tally = createTally<number>()
    for (let moment = 1; moment <= 100_000; moment += 1) tally.add(moment, moment)
    expect(tally.since(99_990)).toEqual({ count: 10, isAtLeast: false, at: 100_000, last: 100_000 })
    const { count = 0, isAtLeast } = tally.since(0) ?? {}
    expect({ isAtLeast, isMuch: count >= 500 && count <= 1000 }).toEqual({ isAtLeast: true, isMuch: true })
  })
})

test('what came before a wait began does not count', () => {
  const arrivals = createArrivals()
  arrivals.noteRequest()
  arrivals.note('rejected', { endpoint: DONE.key, error: new CallbackError('ERR_ID', { message: 'no' }) })
  const since = arrivals.now()
  expect(arrivals.explain({ since, ids: ['a'], endpoints: [DONE] })).toMatch(
    /^Nothing else came to it in this process: /,
  )
  arrivals.note('rejected', { endpoint: READY.key, error: new CallbackError('ERR_ID', { message: 'no' }) })
  expect(arrivals.explain({ since, ids: ['a'], endpoints: [DONE] })).toMatch(
    /^Nothing else came to it in this process: /,
  )
  expect(arrivals.explain({ since, ids: ['a'], endpoints: [DONE, READY] })).toBe(
    'Meanwhile this process saw 1 callback refused with ERR_ID (no).',
  )
})

test('what came to several endpoints is added up', () => {
  const arrivals = createArrivals()
  for (const [index, endpoint] of [DONE.key, READY.key, DONE.key].entries())
    arrivals.note('parked', outcomeEvent(outcome(`other-${index}`, endpoint)))
  expect(arrivals.explain({ since: 0, ids: ['a'], endpoints: [READY, DONE] })).toBe(
    'Meanwhile this process saw 3 callbacks for other ids, the last one for "other-2".',
  )
})

test.each([
  ['a\nb', '"a\\nb"'],
  ['x'.repeat(100), `"${'x'.repeat(64)}…"`],
  [`tkt-${'a1B2'.repeat(7)}`, '"tkt-a1B2…"'],
])('the id %j is shown as %s', (id, shown) => {
  const arrivals = createArrivals()
  arrivals.note('parked', outcomeEvent(outcome(id, DONE.key)))
  expect(arrivals.explain({ since: 0, ids: ['a'], endpoints: [DONE] })).toBe(
    `Meanwhile this process saw 1 callback for another id, ${shown}.`,
  )
})

test('a reason is kept to one line, and short', () => {
  const arrivals = createArrivals()
  const message = `a\nb ${'x'.repeat(1000)}`
  arrivals.note('rejected', { endpoint: DONE.key, error: new CallbackError('ERR_ID', { message }) })
  const said = arrivals.explain({ since: 0, ids: ['a'], endpoints: [DONE] })
  expect(said).toMatch(/^Meanwhile this process saw 1 callback refused with ERR_ID \(a\\nb x+…\)\.$/)
  expect(said.length).toBeLessThan(300)
})

test('the end of a wait is no arrival', () => {
  const arrivals = createArrivals()
  arrivals.noteRequest()
  arrivals.note('expired', { id: 'a', endpoint: DONE.key })
  expect(arrivals.explain({ since: 0, ids: ['a'], endpoints: [DONE] })).toMatch(/^Nothing else came/)
})

test('the other processes of a shared store are not known', () => {
  expect(createArrivals(true).explain({ since: 0, ids: ['a'], endpoints: [DONE] })).toMatch(
    /^No request has ever reached .+ What came to the other processes that share the store is not known here\.$/,
  )
})
