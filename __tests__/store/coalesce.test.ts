import { expect, test } from '@jest/globals'
import { coalesce } from '../../lib/store/collections/coalesce'

test.each([
  [1, 1],
  [2, 2],
  [10, 2],
  [1000, 2],
])('%i calls at once have the work done %i times, one at a time', async (calls, expected) => {
  let [done, underWay] = [0, 0]
  const work = coalesce(async () => {
    expect(++underWay).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    underWay -= 1
    done += 1
  })
  await Promise.all(Array.from({ length: calls }, work))
  expect(done).toBe(expected)
  await work()
  expect(done).toBe(expected + 1)
})
