import { getEventListeners } from 'node:events'
import { type Limit, withinLimit } from '../../lib/base/timers'
import { expect, test } from '@jest/globals'
import { createFakeClock } from '../helpers/fake-clock'

function useLimit() {
  const clock = createFakeClock()
  const wanted = new AbortController()
  const limit: Limit = { clock, signal: wanted.signal, limitMs: 1000, tooLate: () => new Error('too late') }
  const left = (): number => clock.timers + getEventListeners(wanted.signal, 'abort').length
  return { clock, wanted, limit, left }
}

/** Work that lasts until its signal aborts, and longer. */
function createWork() {
  const reasons: unknown[] = []
  const work = (signal: AbortSignal): Promise<never> => {
    signal.addEventListener('abort', () => reasons.push(signal.reason))
    return new Promise(() => undefined)
  }
  return { work, reasons }
}

test('work that is done in time gives what it gives, and leaves nothing', async () => {
  const { limit, left } = useLimit()
  expect(await withinLimit(limit, async () => 7)).toBe(7)
  await expect(withinLimit(limit, () => Promise.reject(new Error('own')))).rejects.toThrow('own')
  expect(left()).toBe(0)
})

test('work that takes longer is told, and is too late', async () => {
  const { clock, limit, left } = useLimit()
  const { work, reasons } = createWork()
  const waiting = withinLimit({ ...limit, signal: undefined }, work)
  clock.advance(999)
  expect(reasons).toEqual([])
  clock.advance(1)
  await expect(waiting).rejects.toThrow('too late')
  expect(reasons).toMatchObject([{ message: 'too late' }])
  expect(left()).toBe(0)
})

test('work that is not wanted any more is told, and one that never was is not begun', async () => {
  const { wanted, limit, left } = useLimit()
  const { work, reasons } = createWork()
  const reason = new Error('enough')
  const waiting = withinLimit(limit, work)
  wanted.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  await expect(withinLimit(limit, work)).rejects.toBe(reason)
  expect([reasons, left()]).toEqual([[reason], 0])
})
