import { expect, test } from '@jest/globals'
import { createTakeUpLog } from '../../lib/workflow/tasks/take-up-log'
import { createFakeClock } from '../helpers/fake-clock'

interface Line {
  readonly details: object
  readonly message: string
}

function open() {
  const clock = createFakeClock()
  const lines: Line[] = []
  const ignore = (): void => undefined
  const info = (details: object, message: string): void => void lines.push({ details, message })
  const log = createTakeUpLog(clock, { debug: ignore, info, warn: ignore, error: ignore })
  return { clock, lines, log }
}

const idsOf = (count: number, first = 0): string[] => Array.from({ length: count }, (_, index) => `t${first + index}`)

test.each([
  [1, 'Took up a task again that had not ended: t0', ['t0']],
  [2, 'Took up 2 tasks again that had not ended: t0, t1', ['t0', 't1']],
  [5, 'Took up 5 tasks again that had not ended: t0, t1, t2, t3, t4', idsOf(5)],
  [25, 'Took up 25 tasks again that had not ended: t0, t1, t2, t3, t4 and 20 more', idsOf(5)],
])('%s tasks are told at once', (count, message, tasks) => {
  const { lines, log } = open()
  log.add(idsOf(count))
  expect(lines).toEqual([{ details: { tasks, count }, message }])
})

test('a hundred thousand tasks in ten seconds are eleven lines, whose counts make the sum', () => {
  const { clock, lines, log } = open()
  for (let turn = 0; turn < 4000; turn++) {
    log.add(idsOf(25, turn * 25))
    clock.advance(2.5)
  }
  clock.advance(1_000)
  expect(lines.length).toBe(11)
  expect(lines[1]).toEqual({
    details: { tasks: idsOf(5, 25), count: 9_975 },
    message: 'Took up 9975 tasks again that had not ended: t25, t26, t27, t28, t29 and 9970 more',
  })
  expect(lines.reduce((sum, { details }) => sum + Number(Reflect.get(details, 'count')), 0)).toBe(100_000)
  expect(clock.timers).toBe(0)
})

test('the last tasks are told a second later, and those after a rest at once', () => {
  const { clock, lines, log } = open()
  const messages = (): readonly string[] => lines.map(({ message }) => message.replace(/.*: /, ''))
  log.add(['one'])
  clock.advance(10)
  log.add(['two'])
  log.add(['three', 'four'])
  clock.advance(989)
  expect(messages()).toEqual(['one'])
  clock.advance(1)
  expect(messages()).toEqual(['one', 'two, three, four'])
  clock.advance(1_000)
  expect(clock.timers).toBe(0)
  log.add(['five'])
  expect(messages()).toEqual(['one', 'two, three, four', 'five'])
})

test.each([
  ['tells of the tasks that are not told yet', ['two', 'three'], ['one', 'two, three']],
  ['tells nothing when all are told', [], ['one']],
])('close() %s, and leaves no timer', (_what, later, expected) => {
  const { clock, lines, log } = open()
  log.add(['one'])
  if (later.length > 0) log.add(later)
  log.close()
  expect(lines.map(({ message }) => message.replace(/.*: /, ''))).toEqual(expected)
  expect(clock.timers).toBe(0)
})
