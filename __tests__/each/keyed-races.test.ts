import { expect, test } from '@jest/globals'
import type { Judged } from '../../lib/base/contracts'
import { Inbox } from '../../lib/store/each/inbox'
import { Iteration } from '../../lib/store/each/iteration'
import { createKeyedIterations, type KeyedIterations } from '../../lib/store/each/keyed-iterations'
import { createOutcome, DONE } from '../helpers/store-contract'
import { MINUTE, type Process, useDurable } from '../store/use-durable'

const world = useDurable()
const quiet = (): void => undefined
const keyedOf = new WeakMap<Process, KeyedIterations>()

interface Asked {
  readonly key?: string
  readonly id?: string
  readonly onFreed?: () => void
  readonly onInbox?: (inbox: Inbox) => void
}

function each(process: Process, { key = 'k', id = 'a', onFreed = quiet, onInbox = quiet }: Asked = {}) {
  const keyed = keyedOf.get(process) ?? createKeyedIterations(process.store, world.clock)
  keyedOf.set(process, keyed)
  const asked = { endpoints: [DONE], ids: [id], idleMs: MINUTE }
  const isFinal = ({ outcome, result }: Judged): boolean => outcome === 'failed' || result === 'last'
  const createInbox = () => {
    const inbox = new Inbox({ idleMs: MINUTE, limits: { max: 100, maxBytes: 1e6 }, isFinal, onEnd: quiet })
    onInbox(inbox)
    return inbox
  }
  const plan = { ...asked, signal: undefined, isLast: isFinal, onCallback: quiet, onFreed }
  const pick = ({ result }: Judged): unknown => result
  return new Iteration({ ...plan, pick }, () => keyed.begin({ ...asked, key, createInbox }))
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

function createGate() {
  let open = quiet
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

/** Holds back the append of that number, counted from now, to records of a kind. */
function holdBack(kind: string, number: number): { readonly open: () => void } {
  const gate = createGate()
  let count = 0
  world.ledgers.beforeAppend = async (of) => {
    if (of !== kind) return
    count += 1
    if (count === number) await gate.opened
  }
  return gate
}

test.each([
  ['is registered for the key', 1],
  ['is registered as the reader', 2],
])('of two iterations of one key the later one goes on, also while the first one %s', async (_, number) => {
  const [one, other] = [await world.open(), await world.open()]
  const gate = holdBack('key', number)
  const first = read(each(one), 1)
  await world.pass(0)
  const second = read(each(one), 3)
  await world.pass(0)
  gate.open()
  await world.pass(0)
  for (const result of [1, 2]) expect(await other.deliver('a', result)).toBe('settled')
  await world.pass(0)
  expect(await other.deliver('a', 'last')).toBe('settled')
  await world.pass(0)
  expect([first, second]).toEqual([['ERR_CLOSED'], [1, 2, 'last']])
})

test.each([[3], [4], [7]])(
  'of %d iterations of one key, begun in the same moment, the last one goes on',
  async (count) => {
    const one = await world.open()
    const all = Array.from({ length: count }, () => read(each(one), 4))
    await world.pass(0)
    for (const result of [1, 2, 'last']) await one.deliver('a', result)
    await world.pass(0)
    expect(all).toEqual([
      ...Array.from({ length: count - 1 }, () => ['ERR_CLOSED', 'over', 'over', 'over']),
      [1, 2, 'last', 'over'],
    ])
    expect(one.store.stats().waiting).toBe(0)
  },
)

test('an iteration that asks for another id under the key ends none that is open', async () => {
  const one = await world.open()
  const first = read(each(one), 2)
  await world.pass(0)
  const other = read(each(one, { id: 'b' }), 1)
  await world.pass(0)
  await one.deliver('a', 1)
  await world.pass(0)
  expect([first, other]).toEqual([[1], ['ERR_WAIT_KEY']])
})

test.each([
  ['a callback is dealt with', 1, [1, 2]],
  ['another one is', 2, [1, 2, 3]],
])('an iteration that begins while %s does not get that one again', async (_, at, sent) => {
  const [one, other] = [await world.open(), await world.open()]
  const before = each(one)
  await world.pass(0)
  for (const result of sent) await other.deliver('a', result)
  await world.pass(0)
  const first = read(before, at)
  await world.pass(0)
  const gate = holdBack('key', 1)
  const next = read(before, 1)
  await world.pass(0)
  const second = read(each(one), 1)
  await world.pass(0)
  gate.open()
  await world.pass(0)
  expect([first, next, second]).toEqual([sent.slice(0, at), ['ERR_CLOSED'], [at + 1]])
})

test.each([
  ['kept', 'mark', 1],
  ['told to the ledger', 'key', 1],
])('an iteration that begins while the end of the one before is %s ends as that one did', async (_, kind, number) => {
  const [one, other] = [await world.open(), await world.open()]
  const before = each(one)
  await world.pass(0)
  await other.deliver('a', 'last')
  await world.pass(0)
  const first = read(before, 1)
  await world.pass(0)
  const gate = holdBack(kind, number)
  const rest = read(before, 1)
  await world.pass(0)
  const second = read(each(one), 1)
  await world.pass(0)
  gate.open()
  await world.pass(0)
  expect([first, rest, second]).toEqual([['last'], ['over'], ['over']])
  expect(await other.deliver('a', 'more')).toBe('duplicate')
})

test('an iteration whose end another process has kept is over here too, and free', async () => {
  const process = await world.open()
  let freed = 0
  const inboxes: Inbox[] = []
  const iteration = each(process, { onFreed: () => void (freed += 1), onInbox: (inbox) => void inboxes.push(inbox) })
  await world.pass(0)
  const got = read(iteration, 2)
  await world.pass(0)
  inboxes[0]?.end({ kind: 'outcome', outcome: createOutcome(DONE, 'a', 'last') })
  await world.pass(0)
  expect([got, freed]).toEqual([['over', 'over'], 1])
})

test('of three iterations the last one goes on, also when it begins while the second one takes the place of the first', async () => {
  const one = await world.open()
  const first = read(each(one), 1)
  await world.pass(0)
  const seconds: unknown[][] = []
  for (let turns = 0; turns < 12; turns += 1) {
    seconds.push(read(each(one), 2))
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
    seconds.push(read(each(one), 2))
    await world.pass(0)
  }
  await one.deliver('a', 'last')
  await world.pass(0)
  const last = seconds.pop()
  expect([first, last]).toEqual([['ERR_CLOSED'], ['last', 'over']])
  expect(seconds).toEqual(seconds.map(() => ['ERR_CLOSED', 'over']))
  expect(one.store.stats().waiting).toBe(0)
})
