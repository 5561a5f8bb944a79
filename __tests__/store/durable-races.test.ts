import { describe, expect, test } from '@jest/globals'
import { createKeyedWaits } from '../../lib/store/keyed-waits'
import { CallbackError } from '../../lib/base/errors'
import type { Ending, Ledger, RecordKind, StoreEndpoint, WaitRequest } from '../../lib/base/contracts'
import { DONE, PLAIN } from '../helpers/store-contract'
import { createRun, held, MINUTE, type Process, useDurable } from './use-durable'

const world = useDurable()
const SIGNAL = new AbortController().signal

/** Lets nobody know what was read of records of a kind, until the returned function is called. */
function holdReads(ledger: Ledger, kind: RecordKind): () => void {
  const read = ledger.read
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  ledger.read = async (of, id) => {
    const record = await read(of, id)
    if (of === kind) await released
    return record
  }
  return () => {
    ledger.read = read
    release()
  }
}

function away(): CallbackError {
  return new CallbackError('ERR_STORE_UNAVAILABLE', { message: 'The ledger is away' })
}

describe('what is written while the ledger is read is not taken for lost', () => {
  test.each<[string, StoreEndpoint, string | undefined, Partial<WaitRequest>]>([
    ['a wait for an id', DONE, 'a', {}],
    ['a wait of a run', DONE, 'a', { kept: 'wr1' }],
    ['a wait without ids', PLAIN, undefined, {}],
    ['a wait of a run without ids', PLAIN, undefined, { kept: 'wr2' }],
  ])('%s', async (_, endpoint, id, more) => {
    const one = await world.open()
    const release = holdReads(one.ledger, 'key')
    const delivering = one.deliver(id, 1, { endpoint })
    await world.pass(0)
    const wait = one.wait(['a'], { endpoints: [endpoint], ...more })
    await world.pass(0)
    release()
    expect(await delivering).toBe('settled')
    await world.pass(0)
    expect(wait.ends).toEqual([1])
    expect(world.takeLog()).toEqual([])
  })

  test.each([1, 2, 5])('%i steps of a run', async (count) => {
    const one = await world.open()
    const record = held(await one.runs.begin(createRun('r')))
    await record.add({ name: 'first', value: 0 }, SIGNAL)
    const release = holdReads(one.ledger, 'run')
    world.ledgers.tellLoss()
    await world.pass(0)
    for (let step = 1; step <= count; step += 1) await record.add({ name: `step ${step}`, value: step }, SIGNAL)
    release()
    await world.pass(0)
    expect((await one.ledger.read('run', 'r'))?.log.length).toBe(2 + count)
    expect(world.takeLog()).toEqual([])
  })
})

test.each([1, 3])('of %i waits that are lost, each is counted once, whatever comes for it', async (count) => {
  const one = await world.open()
  const ids = ['a', 'b', 'c'].slice(0, count)
  const waits = ids.map((id) => one.wait([id, `${id}2`, `${id}3`]))
  await Promise.all(waits.map(({ registered }) => registered))
  world.ledgers.flush()
  const release = holdReads(one.ledger, 'key')
  const deliveries = [1, 2, 3].flatMap(() => ids.map((id) => one.deliver(id, id)))
  await world.pass(0)
  release()
  await Promise.all(deliveries)
  await world.pass(0)
  expect(waits.map(({ ends }) => ends)).toEqual(ids.map((id) => [id]))
  const counted = count === 1 ? 'a wait' : `${count} waits`
  expect(world.takeLog()).toEqual([expect.stringMatching(`^The store had lost ${counted} of this process`)])
})

describe('a wait by key whose outcome could not be kept under the key before its process closed', () => {
  test.each([1, 'text', { a: [1] }])('has it when it is asked for again: %j', async (result) => {
    const one = await world.open()
    const ask = async (process: Process): Promise<readonly Ending[]> => {
      const ends: Ending[] = []
      const shared = createKeyedWaits(process.store, world.clock).share({
        key: 'k',
        endpoints: [DONE],
        ids: ['a'],
        timeoutMs: 10 * MINUTE,
        queued: true,
        onEnd: (ending) => void ends.push(ending),
      })
      await world.pass(0)
      await shared
      return ends
    }
    await ask(one)
    const append = one.ledger.append
    one.ledger.append = (kind, ...rest) => (kind === 'mark' ? Promise.reject(away()) : append(kind, ...rest))
    expect(await one.deliver('a', result)).toBe('settled')
    await world.pass(0)
    await one.store.close()
    await world.pass(2000)
    const again = await ask(await world.open())
    await world.pass(2000)
    expect(again).toMatchObject([{ kind: 'outcome', outcome: { result } }])
  })
})

describe('what is in the ledger is acknowledged, though the other processes cannot be told yet', () => {
  test.each<[string, StoreEndpoint, string | undefined, boolean]>([
    ['an id that is waited for', DONE, 'a', true],
    ['one without an id that is waited for', PLAIN, undefined, true],
    ['an id that nobody waits for', DONE, 'b', false],
    ['one without an id that nobody waits for', PLAIN, undefined, false],
  ])('%s', async (_, endpoint, id, isWaited) => {
    const [one, other] = [await world.open(), await world.open()]
    const wait = isWaited ? other.wait(['a'], { endpoints: [endpoint] }) : undefined
    await wait?.registered
    const publish = one.ledger.publish
    let failures = 2
    one.ledger.publish = (message) => (failures-- > 0 ? Promise.reject(away()) : publish(message))
    expect(await one.deliver(id, 1, { endpoint })).toBe(isWaited ? 'settled' : 'parked')
    await world.pass(2000)
    const late = wait ?? other.wait([id ?? 'x'], { endpoints: [endpoint] })
    await late.registered
    await world.pass(0)
    expect(late.ends).toEqual([1])
    expect(failures).toBeLessThan(0)
  })
})
