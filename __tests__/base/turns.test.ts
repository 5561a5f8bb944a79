import { describe, expect, test } from '@jest/globals'
import { createSlots, createTurns } from '../../lib/base/turns'

/** Work that ends when it is told to. */
function createWork(told: string[]) {
  const ends: (() => void)[] = []
  const work = (name: string) => (): Promise<string> => {
    told.push(name)
    return new Promise((resolve) => ends.push(() => resolve(name)))
  }
  return { work, end: (index: number) => ends[index]?.() }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('turns', () => {
  test('do one thing after the other, also behind one that failed', async () => {
    const told: string[] = []
    const take = createTurns()
    const first = take(async () => {
      await settled()
      told.push('first')
      throw new Error('no')
    })
    const second = take(async () => {
      told.push('second')
      return 2
    })
    await expect(first).rejects.toThrow('no')
    expect(await second).toBe(2)
    expect(told).toEqual(['first', 'second'])
  })
})

describe('slots', () => {
  test.each([
    [1, ['a']],
    [2, ['a', 'b']],
    [0, ['a', 'b', 'c']],
  ])('of %i let so many begin at once', async (max, begun) => {
    const told: string[] = []
    const { work, end } = createWork(told)
    const slots = createSlots(max, 9, () => new Error('full'))
    const all = ['a', 'b', 'c'].map((name) => slots.run(work(name)))
    await settled()
    expect(told).toEqual(begun)
    for (let index = 0; index < 3; index += 1) {
      end(index)
      await settled()
    }
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c'])
  })

  test('refuse what finds no place in the queue, and give their place to the next even when work fails', async () => {
    const told: string[] = []
    const { work, end } = createWork(told)
    const slots = createSlots(1, 1, () => new Error('full'))
    const failing = slots.run(() => Promise.reject(new Error('no')))
    const next = slots.run(work('next'))
    await expect(slots.run(work('third'))).rejects.toThrow('full')
    await expect(failing).rejects.toThrow('no')
    await settled()
    expect(told).toEqual(['next'])
    end(0)
    expect(await next).toBe('next')
  })
})
