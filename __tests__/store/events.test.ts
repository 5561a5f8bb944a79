import { describe, expect, test } from '@jest/globals'
import type { Delivery, StoreEndpoint } from '../../lib/base/contracts'
import { createDesk, createOutcome, DAY, type Desk, DONE, MINUTE, NEWS, PLAIN, READY } from './desk'

/** A desk to which events can be delivered; `started` counts what they started. */
interface EventDesk extends Desk {
  readonly started: unknown[]
  event(id: string | undefined, endpoint?: StoreEndpoint): Delivery
}

function createEventDesk(): EventDesk {
  const desk = createDesk()
  const started: unknown[] = []
  return {
    ...desk,
    started,
    event: (id, endpoint = NEWS) => desk.deliver(endpoint, id, id, { start: () => void started.push(id) }),
  }
}

describe('a callback that may be an event', () => {
  test('starts once when nobody waits for its id; then the id is settled for a day', () => {
    const { event, clock, started, registry } = createEventDesk()
    expect([event('a'), event('a')]).toStrictEqual(['started', 'duplicate'])
    expect(registry.stats()).toStrictEqual({ waiting: 0, parked: 0 })
    clock.advance(DAY - 1)
    expect(event('a')).toBe('duplicate')
    clock.advance(1)
    expect(event('a')).toBe('started')
    expect(started).toStrictEqual(['a', 'a'])
  })

  test('is no event to somebody who waits for it, nor when it comes again', () => {
    const { event, wait, started } = createEventDesk()
    const waiting = wait('a', { endpoints: [NEWS] })
    expect([event('a'), event('a')]).toStrictEqual(['settled', 'duplicate'])
    expect(waiting.results).toStrictEqual(['a'])
    expect(started).toStrictEqual([])
  })

  test('does not start again what was parked', () => {
    const { event, deliver, started, wait } = createEventDesk()
    expect(deliver(NEWS, 'a', 'by hand')).toBe('parked')
    expect(event('a')).toBe('duplicate')
    expect(wait('a', { endpoints: [NEWS] }).results).toStrictEqual(['by hand'])
    expect(started).toStrictEqual([])
  })

  test('is parked without an id', () => {
    const { event, started } = createEventDesk()
    expect(event(undefined, { ...PLAIN, startsWorkflow: true })).toBe('parked')
    expect(started).toStrictEqual([])
  })

  test('belongs to its endpoint: the same id is new at another', () => {
    const { event, deliver } = createEventDesk()
    expect(event('a')).toBe('started')
    expect(deliver(DONE, 'a')).toBe('parked')
    expect(event('a', { ...READY, startsWorkflow: true })).toBe('started')
  })

  test('that nobody may start is parked as ever', () => {
    const { deliver } = createDesk()
    expect(deliver(NEWS, 'a')).toBe('parked')
  })
})

describe('an id that was waited for is no event for a day, but is kept for the next wait', () => {
  test.each<[string, (desk: EventDesk) => void]>([
    [
      'timed out',
      ({ wait, clock }) => {
        wait('a', { endpoints: [NEWS], timeoutMs: MINUTE })
        clock.advance(MINUTE)
      },
    ],
    ['was cancelled', ({ wait }) => wait('a', { endpoints: [NEWS] }).cancel()],
    ['was cancelled on several endpoints', ({ wait }) => wait('a', { endpoints: [DONE, NEWS] }).cancel()],
    [
      'was cancelled under another id',
      ({ wait }) => {
        const waiting = wait('b', { endpoints: [NEWS] })
        waiting.alias(['a'])
        waiting.cancel()
      },
    ],
    [
      'was ended by a callback without an id',
      ({ wait, deliver }) => {
        wait('a', { endpoints: [NEWS, PLAIN] })
        expect(deliver(PLAIN, undefined)).toBe('settled')
      },
    ],
  ])('when the wait %s', (_how, endWait) => {
    const desk = createEventDesk()
    endWait(desk)
    desk.clock.advance(DAY - MINUTE)
    expect(desk.event('a')).toBe('parked')
    expect(desk.wait('a', { endpoints: [NEWS] }).results).toStrictEqual(['a'])
    expect(desk.event('a')).toBe('duplicate')
    desk.clock.advance(DAY)
    expect(desk.event('a')).toBe('started')
    expect(desk.started).toStrictEqual(['a'])
  })

  test('and also when it was an event before', () => {
    const { event, wait, started } = createEventDesk()
    expect(event('a')).toBe('started')
    const waiting = wait('a', { endpoints: [NEWS] })
    expect(waiting.results).toStrictEqual([])
    waiting.cancel()
    expect(event('a')).toBe('parked')
    expect(started).toStrictEqual(['a'])
  })

  test('unless only the newest 100,000 of such ids are remembered', () => {
    const { event, wait } = createEventDesk()
    for (let number = 0; number <= 100_000; number += 1) wait(`id ${number}`, { endpoints: [NEWS] }).cancel()
    expect(event('id 0')).toBe('started')
    expect(event('id 1')).toBe('parked')
  })
})

describe('a wait for the id of an event', () => {
  test('is ended by the next callback, since the first was believed already', () => {
    const { event, wait, deliver } = createEventDesk()
    event('a')
    const waiting = wait('a', { endpoints: [NEWS] })
    expect(deliver(NEWS, 'a', 'second')).toBe('settled')
    expect(waiting.results).toStrictEqual(['second'])
  })

  test('on another endpoint leaves it settled', () => {
    const { event, wait } = createEventDesk()
    event('a')
    wait('a', { endpoints: [DONE] })
    expect(event('a')).toBe('duplicate')
  })
})

describe('a start that fails', () => {
  const failing = (): void => {
    throw new Error('closing')
  }

  test('leaves the id free, and the delivery unseen', () => {
    const { deliver, event, wait, started } = createEventDesk()
    const more = { start: failing, dedupeKey: 'one' }
    expect(() => deliver(NEWS, 'a', 'a', more)).toThrow('closing')
    expect(() => deliver(NEWS, 'a', 'a', more)).toThrow('closing')
    expect(wait('a', { endpoints: [NEWS] }).results).toStrictEqual([])
    expect(deliver(NEWS, 'a', 'later', more)).toBe('settled')
    expect(event('b')).toBe('started')
    expect(started).toStrictEqual(['b'])
  })

  test('is never tried for what was delivered before', () => {
    const { deliver } = createEventDesk()
    expect(deliver(NEWS, 'a', 'a', { start: () => undefined, dedupeKey: 'one' })).toBe('started')
    expect(deliver(NEWS, 'b', 'b', { start: failing, dedupeKey: 'one' })).toBe('duplicate')
  })
})

test('what a start sets off finds the id settled, so that nothing starts twice', () => {
  const { registry } = createDesk()
  const seen: Delivery[] = []
  const arrival = { endpoint: NEWS, outcome: createOutcome(NEWS, 'a', 1), size: () => 1 }
  const start = (): void => void seen.push(registry.deliver({ ...arrival, start }))
  expect(registry.deliver({ ...arrival, start })).toBe('started')
  expect(seen).toStrictEqual(['duplicate'])
})

test('nothing is started once the registry is closed', () => {
  const { event, registry, started } = createEventDesk()
  registry.close()
  expect(() => event('a')).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
  expect(started).toStrictEqual([])
})

test('waits are ended by nothing but callbacks for them while events pass by', () => {
  const { event, wait } = createEventDesk()
  const waiting = wait(['a', 'b'], { endpoints: [NEWS, DONE] })
  expect([event('c'), event('d'), event('b')]).toStrictEqual(['started', 'started', 'settled'])
  expect(event('a')).toBe('duplicate')
  expect(waiting.results).toStrictEqual(['b'])
})
