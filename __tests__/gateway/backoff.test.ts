import { describe, expect, test } from '@jest/globals'
import { readBackoff } from '../../lib/gateway/attempts'

const never = () => 0

describe('the wait after failures in a row', () => {
  test.each([
    [1, 1000],
    [2, 2000],
    [3, 4000],
    [6, 32_000],
    [7, 60_000],
    [8, 60_000],
    [5000, 60_000],
  ])('%i is %i ms', (failures, expected) => {
    expect(readBackoff(failures, 'ERR_GATEWAY_NETWORK', never)).toBe(expected)
  })

  test.each([
    [1, 10_000],
    [2, 20_000],
    [9, 600_000],
  ])('%i is ten times as long when the provider limits the rate', (failures, expected) => {
    expect(readBackoff(failures, 'ERR_GATEWAY_RATE_LIMITED', never)).toBe(expected)
  })

  test('is up to a quarter shorter by chance, never longer', () => {
    expect(readBackoff(3, 'ERR_GATEWAY_EXITED', () => 1)).toBe(3000)
    expect(readBackoff(3, 'ERR_GATEWAY_EXITED', () => 0.5)).toBe(3500)
  })
})
