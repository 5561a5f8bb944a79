import { describe, expect, test } from '@jest/globals'
import { callbacks } from '../../lib'
import { createTestClock } from '../../lib/testing'

describe('createTestClock', () => {
  test.each([
    [1_000, 1_000],
    [new Date(2_000), 2_000],
  ])('starts at %p', (start, expected) => {
    expect(createTestClock(start).now()).toBe(expected)
  })

  test('starts at the time of the machine', () => {
    const before = Date.now()
    expect(createTestClock().now()).toBeGreaterThanOrEqual(before)
  })

  test.each([
    [1_500, 1_500],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['1h', 3_600_000],
  ])('advances by %p', (by, expected) => {
    const clock = createTestClock(0)
    clock.advance(by)
    expect(clock.now()).toBe(expected)
  })

  test.each(['soon', -1, Number.NaN, '5 minutes'])('refuses to advance by %p', (by) => {
    expect(() => createTestClock(0).advance(by)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_VALUE' }))
  })

  test('fires timers in their order, each at its time, and those that they set', () => {
    const clock = createTestClock(0)
    const fired: (readonly [string, number])[] = []
    const note = (name: string) => () => void fired.push([name, clock.now()])
    clock.setTimeout(note('late'), 300)
    clock.setTimeout(() => clock.setTimeout(note('second'), 100), 100)
    clock.setTimeout(note('early'), 50)
    clock.clearTimeout(clock.setTimeout(note('never'), 60))
    clock.setTimeout(note('far'), 400)
    clock.advance(300)
    expect(fired).toEqual(
      [
        ['early', 50],
        ['late', 300],
        ['second', 200],
      ].sort(([, one], [, other]) => Number(one) - Number(other)),
    )
    expect(clock.timers).toBe(1)
  })

  test('ends a wait whose time is up', async () => {
    const clock = createTestClock()
    const hooks = callbacks({ listener: { path: '/done', identify_by: '${body.id}' } }, { clock })
    const waited = hooks.wait('a', { timeout: '1h' })
    clock.advance('59m')
    expect(hooks.stats().waiting).toBe(1)
    clock.advance('1m')
    await expect(waited).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    await hooks.close()
  })
})
