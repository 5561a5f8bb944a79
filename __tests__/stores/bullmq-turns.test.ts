import { describe, expect, test } from '@jest/globals'
import { createBatches } from '../../adapters/stores/bullmq-batches'
import { createSlots, createTurns } from '../../adapters/stores/bullmq-turns'

/** Work that comes to its end when it is told to. */
function createGates() {
  const gates: { readonly name: string; open(): void; fail(): void }[] = []
  const started: string[] = []
  return {
    started,
    work: (name: string) => (): Promise<string> => {
      started.push(name)
      return new Promise((resolve, reject) => {
        gates.push({ name, open: () => resolve(name), fail: () => reject(new Error(name)) })
      })
    },
    async open(name: string): Promise<void> {
      gates.find((gate) => gate.name === name)?.open()
      await settled()
    },
    async fail(name: string): Promise<void> {
      gates.find((gate) => gate.name === name)?.fail()
      await settled()
    },
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('turns', () => {
  test('are taken one after the other for one key, at once for others, also after one that failed', async () => {
    const turns = createTurns()
    const { work, started, open, fail } = createGates()
    const first = turns.take('a', work('a1'))
    const second = turns.take('a', work('a2'))
    const other = turns.take('b', work('b1'))
    await settled()
    expect(started).toEqual(['a1', 'b1'])
    await fail('a1')
    await expect(first).rejects.toThrow('a1')
    expect(started).toEqual(['a1', 'b1', 'a2'])
    await open('a2')
    await open('b1')
    expect([await second, await other]).toEqual(['a2', 'b1'])
  })
})

describe('slots', () => {
  test('let so much work run at once, the rest in its order', async () => {
    const slots = createSlots(2)
    const { work, started, open, fail } = createGates()
    const all = ['1', '2', '3', '4'].map((name) => slots.take(work(name)))
    const ended = Promise.allSettled(all)
    await settled()
    expect(started).toEqual(['1', '2'])
    await fail('2')
    expect(started).toEqual(['1', '2', '3'])
    await open('1')
    expect(started).toEqual(['1', '2', '3', '4'])
    await open('3')
    await open('4')
    expect((await ended).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    const last = slots.take(work('5'))
    expect(started).toContain('5')
    await open('5')
    expect(await last).toBe('5')
  })
})

describe('batches', () => {
  test('hold what comes while one is on its way, up to a limit', async () => {
    const { work, started, open } = createGates()
    const batches = createBatches<number>(2, (items) => work(items.join())())
    const all = [1, 2, 3, 4].map((item) => batches.add(item))
    await settled()
    expect(started).toEqual(['1,2'])
    all.push(batches.add(5))
    await open('1,2')
    expect(started).toEqual(['1,2', '3,4'])
    await open('3,4')
    await open('5')
    await Promise.all(all)
    expect(started).toEqual(['1,2', '3,4', '5'])
  })

  test('fail for what was in them, and for nothing else', async () => {
    const { work, started, open, fail } = createGates()
    const batches = createBatches<string>(10, (items) => work(items.join())())
    const first = batches.add('a')
    await settled()
    const second = batches.add('b')
    await fail('a')
    await expect(first).rejects.toThrow('a')
    expect(started).toEqual(['a', 'b'])
    await open('b')
    await second
  })
})
