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
