import { expect, test } from '@jest/globals'
import { createIsPress } from '../../lib/cli/interrupts'

test.each([
  ['one', [['SIGINT', 0]], [true]],
  [
    'its echo',
    [
      ['SIGINT', 5000],
      ['SIGINT', 5001],
    ],
    [true, false],
  ],
  [
    'a second one',
    [
      ['SIGINT', 0],
      ['SIGINT', 100],
    ],
    [true, true],
  ],
  [
    'a key held down',
    [
      ['SIGINT', 0],
      ['SIGINT', 60],
      ['SIGINT', 120],
    ],
    [true, false, false],
  ],
  [
    'another signal',
    [
      ['SIGINT', 0],
      ['SIGTERM', 1],
    ],
    [true, true],
  ],
] as const)('tells %s', (_name, signals, expected) => {
  let now = 0
  const isPress = createIsPress(() => now)
  const found = signals.map(([signal, at]) => {
    now = at
    return isPress(signal)
  })
  expect(found).toEqual(expected)
})
