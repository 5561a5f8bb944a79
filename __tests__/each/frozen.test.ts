import { expect, test } from '@jest/globals'
import type { Judged } from '../../lib/base/contracts'
import { Inbox } from '../../lib/store/each/inbox'
import { Iteration } from '../../lib/store/each/iteration'
import { DONE } from '../helpers/store-contract'
import { MINUTE, type Process, useDurable } from '../store/use-durable'

const world = useDurable()
const quiet = (): void => undefined
/** How long it takes at most until a process counts as dead. */
const TAKEN_MS = 9500

function each({ store }: Process, idleMs = 10 * MINUTE) {
  const asked = { endpoints: [DONE], ids: ['a'], idleMs }
  const isFinal = ({ result }: Judged): boolean => result === 'last'
  const inbox = new Inbox({ idleMs, limits: { max: 100, maxBytes: 1e6 }, isFinal, onEnd: quiet })
  const plan = { ...asked, signal: undefined, isLast: isFinal, onCallback: quiet, onFreed: quiet }
  return new Iteration({ ...plan, pick: ({ result }: Judged) => result }, () => {
    inbox.open = store.wait({ ...asked, timeoutMs: idleMs, queued: false, waiter: inbox })
    return { inbox }
  })
}

/** Asks for so many callbacks; returns what the loop got by now, and the code of the error that ended it. */
function read(iteration: Iteration<unknown>, count: number): unknown[] {
  const got: unknown[] = []
  for (let turn = 0; turn < count; turn += 1) {
    void iteration.next().then(
      ({ value, done }) => got.push(done === true ? 'over' : value),
      ({ code }) => got.push(code),
    )
  }
  return got
}

/** Freezes a process that has three callbacks and has read some of them, until another process has them. */
async function freeze(
  readBefore: number,
  { idleMs, losesMessages = false }: { idleMs?: number; losesMessages?: boolean } = {},
) {
  const [one, other] = [await world.open(), await world.open()]
  const slow = each(one, idleMs)
  await world.pass(20_000)
  for (const result of [1, 2, 3]) expect(await other.deliver('a', result)).toBe('settled')
  await world.pass(0)
  const before = read(slow, readBefore)
  await world.pass(0)
  world.ledgers.losesMessages = losesMessages
  world.ledgers.freeze(one.ledger, true)
  await world.pass(TAKEN_MS)
  const quick = read(each(other), 5)
  await world.pass(0)
  return { one, other, slow, before, quick }
}

test.each([
  ['asks at once', 0, 0, false],
  ['asks at once, without a message', 0, 0, true],
  ['has asked for one, and asks at once', 1, 0, false],
  ['has asked for two, and asks at once', 2, 0, false],
  ['asks after it has heard', 0, 6000, false],
  ['asks after it has looked, without a message', 1, 6000, true],
])(
  'a process that stood still while another one took its callbacks yields none of these: it %s',
  async (_, readBefore, pauseMs, losesMessages) => {
    const { one, other, slow, before, quick } = await freeze(readBefore, { losesMessages })
    world.ledgers.freeze(one.ledger, false)
    await world.pass(pauseMs)
    const after = read(slow, 3)
    await world.pass(6000)
    world.ledgers.losesMessages = false
    for (const result of [4, 'last']) expect(await other.deliver('a', result)).toBe('settled')
    await world.pass(0)
    expect(before).toEqual([1, 2].slice(0, readBefore))
    // What its loop was at when it stood still comes to the other one too.
    expect(quick).toEqual([1, 2, 3, 4, 'last', 'over'].slice(Math.max(readBefore - 1, 0)).slice(0, 5))
    expect(after).toEqual([4, 'last', 'over'])
    expect(world.takeLog()).toEqual([expect.stringContaining('another process took this one for dead')])
  },
)

test('a process whose silence is over when it wakes yields nothing that another one has', async () => {
  const { one, slow, quick } = await freeze(0, { idleMs: MINUTE })
  await world.pass(2 * MINUTE)
  world.ledgers.freeze(one.ledger, false)
  const after = read(slow, 2)
  await world.pass(6000)
  expect([quick, after]).toEqual([
    [1, 2, 3],
    ['ERR_WAIT_TIMEOUT', 'over'],
  ])
})

test.each([[1], [2], [3]])('a process that nobody took for dead yields what it has, %d of it', async (count) => {
  const [one, other] = [await world.open(), await world.open()]
  const slow = each(one)
  await world.pass(20_000)
  for (let n = 0; n < count; n += 1) await other.deliver('a', n)
  await world.pass(0)
  world.ledgers.freeze(one.ledger, true)
  await world.pass(TAKEN_MS)
  world.ledgers.freeze(one.ledger, false)
  const got = read(slow, count)
  await world.pass(6000)
  expect(got).toEqual(Array.from({ length: count }, (_, n) => n))
})

test.each([[false], [true]])(
  'what the server has lost is yielded all the same, asked for at once: %s',
  async (isAtOnce) => {
    const [one, other] = [await world.open(), await world.open()]
    const slow = each(one)
    await world.pass(20_000)
    for (const result of [1, 2]) await other.deliver('a', result)
    await world.pass(0)
    world.ledgers.setAway(true)
    await world.pass(TAKEN_MS)
    world.ledgers.flush()
    world.ledgers.setAway(false)
    if (!isAtOnce) await world.pass(6000)
    const got = read(slow, 2)
    await world.pass(6000)
    expect(got).toEqual([1, 2])
    expect(world.takeLog()).toEqual(expect.arrayContaining([expect.stringContaining('had lost a wait')]))
  },
)

test('a loop that is told to stop does not wait for a store that is away', async () => {
  const one = await world.open()
  const slow = each(one)
  await world.pass(20_000)
  await one.deliver('a', 1)
  await world.pass(0)
  world.ledgers.setAway(true)
  await world.pass(TAKEN_MS)
  const got = read(slow, 1)
  await world.pass(0)
  expect(got).toEqual([])
  await slow.return()
  await world.pass(0)
  expect(got).toEqual(['over'])
  world.ledgers.setAway(false)
})
