import { expect, test } from '@jest/globals'
import { createDue } from '../../../adapters/stores/redis/due'
import { createNames } from '../../../adapters/stores/redis/names'
import { createFakeClock } from '../../helpers/fake-clock'
import { createLog } from '../use-shared-ledgers'

/** The looks for what is due, each of which the test answers; nothing else is asked here. */
function createLooks() {
  const clock = createFakeClock()
  const answers: ((answer: unknown) => void)[] = []
  const due = createDue({
    sender: {
      send: () => new Promise((resolve) => void answers.push(resolve)),
      resume: () => undefined,
      pause: () => undefined,
      close: async () => undefined,
      stop: () => undefined,
    },
    names: createNames('app'),
    handlers: { onDue: async () => ({ remove: true }), onMessage: () => undefined, onBack: () => undefined },
    clock,
    logger: createLog().logger,
  })
  const answer = async (nextMs: number): Promise<void> => {
    answers.at(-1)?.([nextMs, clock.now()])
    await new Promise((resolve) => setImmediate(resolve))
  }
  due.start()
  clock.advance(0)
  return { clock, due, answer, count: () => answers.length }
}

test.each([
  ['at once', 0, 0],
  ['soon', 5, 5],
  ['twice', 0, 1],
])('what is due %s while the server is asked what is due is asked for right after the answer', async (_, ...times) => {
  const { clock, due, answer, count } = createLooks()
  expect(count()).toBe(1)
  for (const ms of times) due.expect(ms)
  clock.advance(10)
  expect(count()).toBe(1)
  await answer(60_000)
  clock.advance(0)
  expect(count()).toBe(2)
  await answer(60_000)
  clock.advance(1_999)
  expect(count()).toBe(2)
  clock.advance(1)
  expect(count()).toBe(3)
  await answer(60_000)
  await due.close()
})

test('what is due only after the answer is asked for then', async () => {
  const { clock, due, answer, count } = createLooks()
  due.expect(100)
  await answer(60_000)
  clock.advance(99)
  expect(count()).toBe(1)
  clock.advance(1)
  expect(count()).toBe(2)
  await answer(60_000)
  await due.close()
})
