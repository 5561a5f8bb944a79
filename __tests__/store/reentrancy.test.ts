import { describe, expect, test } from '@jest/globals'
import { createDesk, createProgress, DAY, DONE, HOUR, MINUTE, PLAIN, type WatchedWait } from './desk'

describe('whoever is told of the end of a wait', () => {
  test('may wait for the same id again, and is not ended by the same callback', () => {
    const { wait, deliver } = createDesk()
    const again: WatchedWait[] = []
    wait('a', { andThen: () => again.push(wait('a')) })
    expect(deliver(DONE, 'a', 1)).toBe('settled')
    expect(again.map(({ results }) => results)).toStrictEqual([[]])
    expect(deliver(DONE, 'a', 2)).toBe('settled')
    expect(again.map(({ results }) => results)).toStrictEqual([[2]])
  })

  test('may wait again while another wait for the id is still to be told', () => {
    const { wait, deliver } = createDesk()
    const again: WatchedWait[] = []
    const first = wait('a', { andThen: () => again.push(wait('a')) })
    const second = wait('a')
    deliver(DONE, 'a', 1)
    expect([first.results, second.results]).toStrictEqual([[1], [1]])
    expect(again.map(({ results }) => results)).toStrictEqual([[]])
    for (const one of again) one.cancel()
    expect(deliver(DONE, 'a', 2)).toBe('parked')
    expect(wait('a').results).toStrictEqual([2])
  })

  test('may cancel another wait that the callback ends too', () => {
    const { wait, deliver, registry } = createDesk()
    const waits: WatchedWait[] = []
    waits.push(wait('a', { andThen: () => waits[1]?.cancel() }), wait('a'), wait('a'))
    expect(deliver(DONE, 'a', 1)).toBe('settled')
    expect(waits.map(({ results }) => results)).toStrictEqual([[1], [], [1]])
    expect(registry.stats().waiting).toBe(0)
  })

  test('may cancel its own wait', () => {
    const { wait, deliver, registry } = createDesk()
    const waits: WatchedWait[] = []
    waits.push(wait('a', { andThen: () => waits[0]?.cancel() }))
    deliver(DONE, 'a', 1)
    expect(waits[0]?.results).toStrictEqual([1])
    expect(registry.stats().waiting).toBe(0)
  })

  test('cannot add an id to a wait that is about to be told', () => {
    const { wait, deliver } = createDesk()
    const waits: WatchedWait[] = []
    waits.push(wait('a', { andThen: () => waits[1]?.alias(['b']) }), wait('a'))
    deliver(DONE, 'a', 1)
    expect(waits.map(({ results }) => results)).toStrictEqual([[1], [1]])
    expect(deliver(DONE, 'b')).toBe('parked')
  })

  test('may settle the same id by hand, which changes nothing for the others', () => {
    const { wait, deliver } = createDesk()
    const deliveries: string[] = []
    const first = wait('a', { andThen: () => deliveries.push(deliver(DONE, 'a', 'by hand')) })
    const second = wait('a')
    deliver(DONE, 'a', 'real')
    expect(deliveries).toStrictEqual(['duplicate'])
    expect([first.results, second.results]).toStrictEqual([['real'], ['real']])
  })

  test('may settle others', () => {
    const { wait, deliver } = createDesk()
    wait('a', { andThen: () => deliver(DONE, 'b', 2) })
    const other = wait('b', { andThen: () => deliver(DONE, 'c', 3) })
    const last = wait('c')
    deliver(DONE, 'a', 1)
    expect([other.results, last.results]).toStrictEqual([[2], [3]])
  })

  test('may close everything; who has a callback already still gets it', () => {
    const { wait, deliver, registry, clock } = createDesk()
    const first = wait('a', { andThen: () => registry.close() })
    const second = wait('a')
    const other = wait('b')
    deliver(DONE, 'a', 1)
    expect([first.results, second.results, other.results]).toStrictEqual([[1], [1], ['closed']])
    expect(clock.timers).toBe(0)
  })

  test('may wait again for a callback without an id', () => {
    const { wait, deliver } = createDesk()
    const again: WatchedWait[] = []
    const at = { endpoints: [PLAIN] }
    wait('x', { ...at, andThen: () => again.push(wait('x', at)) })
    const second = wait('y', at)
    for (const result of [1, 2, 3]) deliver(PLAIN, undefined, result)
    expect([second.results, again[0]?.results]).toStrictEqual([[2], [3]])
  })

  test('may wait for the next early callback from within the first', () => {
    const { wait, deliver } = createDesk()
    const at = { endpoints: [PLAIN] }
    for (const result of [1, 2, 3]) deliver(PLAIN, undefined, result)
    const nested: WatchedWait[] = []
    const first = wait('x', { ...at, andThen: () => nested.push(wait('y', at)) })
    expect([first.results, nested[0]?.results]).toStrictEqual([[1], [2]])
  })
})

describe('whoever is told that the time is over', () => {
  test('may wait again, with time of its own', () => {
    const { wait, clock } = createDesk()
    const again: WatchedWait[] = []
    wait('a', { timeoutMs: 1000, andThen: () => again.push(wait('a', { timeoutMs: 1000 })) })
    clock.advance(1500)
    expect(again.map(({ results }) => results)).toStrictEqual([[]])
    clock.advance(1000)
    expect(again.map(({ results }) => results)).toStrictEqual([['timeout']])
  })

  test('may cancel waits whose time is over in the same moment', () => {
    const { wait, clock, registry } = createDesk()
    const waits: WatchedWait[] = []
    const cancelOthers = (): void => {
      for (const one of waits) one.cancel()
    }
    for (let count = 0; count < 4; count += 1) waits.push(wait('a', { timeoutMs: 1000, andThen: cancelOthers }))
    clock.advance(HOUR)
    expect(waits.flatMap(({ results }) => results)).toStrictEqual(['timeout'])
    expect(registry.stats().waiting).toBe(0)
  })

  test('may close everything, which leaves no timer and nothing to be told later', () => {
    const { wait, clock, registry, deliver, forgotten } = createDesk()
    wait('a', { timeoutMs: 9 * MINUTE, andThen: () => registry.close() })
    const others = [9 * MINUTE, 9 * MINUTE + 1, HOUR, 30 * DAY].map((timeoutMs) => wait('b', { timeoutMs }))
    deliver(DONE, 'c')
    clock.advance(60 * DAY)
    for (const { results } of others) expect(results).toHaveLength(1)
    expect(others.map(({ results }) => results[0]).slice(1)).toStrictEqual(['closed', 'closed', 'closed'])
    expect(forgotten).toStrictEqual([])
    expect(clock.timers).toBe(0)
  })
})

describe('whoever hears that the work goes on', () => {
  test('may cancel another wait, which then hears nothing', () => {
    const { registry } = createDesk()
    const heard: string[] = []
    const request = { endpoints: [DONE], ids: ['a'], timeoutMs: HOUR, queued: true }
    const onEnd = (): void => {}
    registry.wait({
      ...request,
      waiter: {
        onEnd,
        onProgress() {
          heard.push('first')
          second.cancel()
        },
      },
    })
    const second = registry.wait({ ...request, waiter: { onEnd, onProgress: () => void heard.push('second') } })
    registry.wait({ ...request, waiter: { onEnd, onProgress: () => void heard.push('third') } })
    registry.progress(DONE, createProgress(DONE, 'a', 1))
    expect(heard).toStrictEqual(['first', 'third'])
  })
})
