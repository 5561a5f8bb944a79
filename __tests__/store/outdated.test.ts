import { describe, expect, test } from '@jest/globals'
import { waitTimedOut } from '../../lib/store/wait-errors'
import { createDesk, DONE, HOUR, PLAIN, READY, TICK } from './desk'

describe('when the public URL of endpoints changes', () => {
  test('the waits that are open on them are told apart from those that come later', () => {
    const { registry, wait } = createDesk()
    wait('a')
    wait('b', { endpoints: [READY] })
    wait('c', { endpoints: [DONE, READY] })
    wait([], { endpoints: [PLAIN] })
    expect(registry.outdate([DONE, PLAIN])).toBe(3)
    wait('d')
    const listed = registry.list(10).map(({ ids, isOutdated }) => [ids[0], isOutdated])
    expect(listed).toEqual([
      ['a', true],
      ['b', false],
      ['c', true],
      [undefined, true],
      ['d', false],
    ])
  })

  test('the second change counts those that waited before the first one too, and nobody twice', () => {
    const { registry, wait } = createDesk()
    wait('a')
    expect(registry.outdate([DONE, READY])).toBe(1)
    wait('b', { endpoints: [DONE, READY] })
    expect(registry.outdate([DONE, READY])).toBe(2)
    expect(registry.list(10).map(({ isOutdated }) => isOutdated)).toEqual([true, true])
  })

  test('nobody waits, nobody is told apart', () => {
    const { registry, wait, deliver } = createDesk()
    wait('a')
    deliver(DONE, 'a')
    expect(registry.outdate([DONE])).toBe(0)
    expect(registry.outdate([])).toBe(0)
  })

  test('a callback that comes nevertheless ends its wait, and a timeout says what may have happened', () => {
    const { registry, wait, deliver, clock } = createDesk()
    const [lucky, lost] = [wait('a'), wait('b')]
    registry.outdate([DONE])
    const later = wait('c')
    deliver(DONE, 'a', 'here')
    clock.advance(HOUR + TICK)
    expect(lucky.results).toEqual(['here'])
    expect(lost.endings).toStrictEqual([{ kind: 'timeout', isOutdated: true }])
    expect(later.endings).toStrictEqual([{ kind: 'timeout' }])
  })
})

test('the error of an outdated wait says so', () => {
  const missed = { ids: ['a'], endpoints: [DONE], timeoutMs: 1000 }
  expect(waitTimedOut(missed).message).toBe('No callback for "a" came to POST /done within 1000 ms')
  expect(waitTimedOut({ ...missed, isOutdated: true }).message).toBe(
    'No callback for "a" came to POST /done within 1000 ms; ' +
      'the public URL has changed meanwhile, so that it may have gone to the one before',
  )
})
