import { describe, expect, test } from '@jest/globals'
import { isAlive, isGone, LEASE_MS } from '../../lib/store/durable/lease'
import { createRun, MINUTE, useDurable } from './use-durable'

const world = useDurable()

describe('the log of a lease', () => {
  test.each([
    ['of a new process', [], false],
    ['of one that has left', [{ is: 'left' }], true],
    ['of one that is found dead', [{ is: 'dead', after: 0 }], true],
    ['of one that is found dead, as 0.4 wrote it', [{ is: 'dead' }], true],
    ['of one that is back', [{ is: 'dead', after: 0 }, { is: 'back' }], false],
    ['of one that came back while it was judged', [{ is: 'back' }, { is: 'dead', after: 0 }], false],
    ['of one that came back before', [{ is: 'back' }, { is: 'dead', after: 1 }], true],
    [
      'of one that came back while the second one judged it',
      [{ is: 'dead', after: 0 }, { is: 'back' }, { is: 'dead', after: 1 }],
      false,
    ],
    ['of one that was given a run while it was judged', [{ is: 'look' }, { is: 'dead', after: 0 }], true],
    ['of one that left while it was judged', [{ is: 'left' }, { is: 'dead', after: 0 }], true],
  ])('%s', (_, log, expected) => {
    expect(isGone(log)).toBe(expected)
  })
})

test.each([0, 1, 3])('a process with %i runs that comes back while another one judges it lives on', async (runs) => {
  const [one, other] = [await world.open(), await world.open()]
  const others = new Set((await other.ledger.list('owner')).ids)
  const third = await world.open()
  const name = (await other.ledger.list('owner')).ids.find((id) => !others.has(id)) ?? ''
  for (let index = 0; index < runs; index += 1) await third.runs.begin(createRun(`r${index}`))
  await world.pass(20_000)
  world.ledgers.freeze(third.ledger, true)
  let judged = 0
  // What the others have read says that it is over; before that is noted, it is back.
  world.ledgers.beforeAppend = async (kind, id) => {
    if (kind !== 'owner' || id !== name || judged++ > 0) return
    world.ledgers.freeze(third.ledger, false)
    await third.ledger.append('owner', name, { is: 'back' })
  }
  await world.pass(LEASE_MS + 4000)
  expect(judged).toBeGreaterThan(0)
  for (let time = 0; time < MINUTE; time += 2000) {
    await world.pass(2000)
    expect(await isAlive(one.ledger, name)).toBe(true)
  }
  expect([...one.adopted, ...other.adopted]).toEqual([])
})

test.each([
  ['and keeps its runs, before the other one has noted that', 0, []],
  ['without its runs, after the other one has noted that', 1, ['r']],
])('a process that renews its lease while another one takes it for dead lives on %s', async (_, noted, taken) => {
  const other = await world.open()
  const others = new Set((await other.ledger.list('owner')).ids)
  const one = await world.open()
  const name = (await other.ledger.list('owner')).ids.find((id) => !others.has(id)) ?? ''
  await one.runs.begin(createRun('r'))
  await world.pass(20_000)
  let judge = (): void => undefined
  const judging = new Promise<void>((resolve) => (judge = resolve))
  let appends = 0
  const hold = async (kind: string, id: string): Promise<void> => {
    if (kind === 'owner' && id === name && appends++ === 0) await judging
  }
  if (noted === 0) world.ledgers.beforeAppend = hold
  else world.ledgers.afterAppend = hold
  // The clock of a server may run ahead: the record is due although its process is in time.
  await other.ledger.touch('owner', name, 0)
  await world.pass(3000)
  expect(appends).toBe(2)
  expect(await isAlive(other.ledger, name)).toBe(true)
  judge()
  await world.pass(MINUTE)
  expect(await isAlive(other.ledger, name)).toBe(true)
  expect(other.adopted.map(({ run }) => run.id)).toEqual(taken)
})

test('a process whose lease is gone from the store writes it again', async () => {
  const [one] = [await world.open(), await world.open()]
  await world.pass(20_000)
  const { ids } = await one.ledger.list('owner')
  world.ledgers.flush([])
  await world.pass(4000)
  expect((await one.ledger.list('owner')).ids).toEqual(ids)
})
