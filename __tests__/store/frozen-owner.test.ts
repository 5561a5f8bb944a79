import { expect, test } from '@jest/globals'
import { createRun, held, useDurable } from './use-durable'

const world = useDurable()
const SIGNAL = new AbortController().signal
/** How long it takes at most until a process counts as dead, and its runs are taken up. */
const TAKEN_MS = 9500
const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `r${index}`)

test.each([
  [1, 'go on elsewhere', async () => undefined],
  [3, 'go on elsewhere', async () => undefined],
  [250, 'go on elsewhere', async () => undefined],
  [1, 'have ended elsewhere', async (record: { end(state: object): Promise<void> }) => record.end({ id: 'r' })],
  [3, 'have ended elsewhere', async (record: { end(state: object): Promise<void> }) => record.end({ id: 'r' })],
])('a process that was frozen drops its runs, %d of which %s', async (count, _what, work) => {
  const [one, other] = [await world.open(), await world.open()]
  for (const name of names(count)) await one.runs.begin(createRun(name))
  await world.pass(20_000)
  world.ledgers.freeze(one.ledger, true)
  await world.pass(TAKEN_MS)
  expect(other.adopted.map(({ run }) => run.id).toSorted()).toEqual(names(count).toSorted())
  for (const { record } of other.adopted) await work(record)
  expect(one.dropped).toEqual([])
  world.ledgers.freeze(one.ledger, false)
  await world.pass(6000)
  expect(one.dropped.toSorted()).toEqual(
    names(count)
      .map((name) => `${name} ERR_CLOSED`)
      .toSorted(),
  )
  expect(other.dropped).toEqual([])
  expect(world.takeLog()).toEqual([])
})

test('a process that was frozen for a moment keeps its runs', async () => {
  const [one, other] = [await world.open(), await world.open()]
  const record = held(await one.runs.begin(createRun('r')))
  await world.pass(20_000)
  world.ledgers.freeze(one.ledger, true)
  await world.pass(4000)
  world.ledgers.freeze(one.ledger, false)
  await world.pass(20_000)
  expect([one.dropped, other.adopted]).toEqual([[], []])
  expect(await record.add({ name: 'a', value: 1 }, SIGNAL)).toEqual({ name: 'a', value: 1 })
})

test('a process that was frozen takes up again what it had dropped, when the other one dies', async () => {
  const [one, other] = [await world.open(), await world.open()]
  const record = held(await one.runs.begin(createRun('r')))
  await world.pass(20_000)
  world.ledgers.freeze(one.ledger, true)
  await world.pass(TAKEN_MS)
  world.ledgers.freeze(one.ledger, false)
  await world.pass(6000)
  expect(one.dropped).toEqual(['r ERR_CLOSED'])
  record.leave()
  world.kill(other)
  await world.pass(TAKEN_MS)
  expect(one.adopted.map(({ run }) => run.id)).toEqual(['r'])
})

test.each([
  ['one id', ['x'], 'x'],
  ['the second of two ids', ['x', 'y'], 'y'],
  ['the last of three ids', ['x', 'y', 'z'], 'z'],
])(
  'a callback for %s that comes where a run was before ends the wait where the run is now',
  async (_what, ids, sent) => {
    const [one, other] = [await world.open(), await world.open()]
    const before = one.wait(ids, { kept: 'r/wait' })
    await world.pass(0)
    const now = other.wait(ids, { kept: 'r/wait', isReopened: true })
    await world.pass(0)
    expect(await one.deliver(sent, 'done')).toBe('settled')
    await world.pass(0)
    expect([before.ends, now.ends]).toEqual([['done'], []])
    before.leave?.()
    await world.pass(0)
    expect(now.ends).toEqual(['done'])
  },
)
