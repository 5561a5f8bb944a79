import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import { Course } from '../../lib/deliveries/course'
import { createHistory, isWanted } from '../../lib/deliveries/history'
import { Shelf } from '../../lib/deliveries/shelf'

function kept(id: string, body = '', target = '/done'): Course {
  const course = new Course('POST /done', Number(id), 'POST', target, ['X-A', 'Alpha'], undefined)
  course.body = Buffer.from(body)
  course.bodyBytes = body.length
  return Object.assign(course, { id })
}

const idsOf = (entries: Iterable<Course>): string[] => [...entries].map(({ id }) => id)

describe('the history of deliveries', () => {
  test('keeps the latest, newest first', () => {
    const history = createHistory({ keep: 3, maxBytes: 1e6 })
    for (const id of ['1', '2', '3', '4', '5']) history.add(kept(id))
    expect(idsOf(history.newestFirst())).toEqual(['5', '4', '3'])
    expect(idsOf(history.newestFirst('5'))).toEqual(['4', '3'])
    expect(history.find('2')).toBeUndefined()
    expect(history.find('3')?.id).toBe('3')
  })

  test('keeps to its bytes, and at least the latest', () => {
    const history = createHistory({ keep: 100, maxBytes: 5000 })
    for (const id of ['1', '2', '3', '4']) history.add(kept(id, 'x'.repeat(1500)))
    expect(idsOf(history.newestFirst())).toEqual(['4', '3'])
  })

  test('leaves out a body that alone is over the limit, and pushes nothing out for it', () => {
    const history = createHistory({ keep: 100, maxBytes: 5000 })
    history.add(kept('1', 'small'))
    history.add(kept('2', 'x'.repeat(10_000)))
    expect(idsOf(history.newestFirst())).toEqual(['2', '1'])
    expect(history.find('2')).toMatchObject({ body: undefined, bodyBytes: 10_000 })
    expect(history.find('1')?.body?.toString()).toBe('small')
  })

  test('tells of those that it drops, and a list that was begun before leaves them out', () => {
    const shelf = new Shelf()
    const dropped: string[] = []
    const onDrop = (course: Course): void => {
      dropped.push(course.id)
      course.leave(shelf)
    }
    const history = createHistory({ keep: 3, maxBytes: 1e6, onDrop })
    for (const id of ['1', '2', '3']) history.add(kept(id))
    const list = history.newestFirst()
    expect(list.next().value?.id).toBe('3')
    history.add(kept('4'))
    expect(idsOf(list)).toEqual(['2'])
    history.prepend([kept('0')])
    expect(dropped).toEqual(['1', '0'])
  })

  test('lets go of the bodies that it drops', () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const history = createHistory({ keep: 1000, maxBytes: 4e6 })
    collect()
    const before = process.memoryUsage().arrayBuffers
    for (let index = 0; index < 100; index += 1) {
      const one = kept(String(index).padStart(3, '0'))
      one.keepBody(Buffer.alloc(1e6, 1))
      history.add(one)
    }
    collect()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6)
    expect(idsOf(history.newestFirst())).toEqual(['099', '098', '097'])
  })

  test('forgets a hundred thousand in their order', () => {
    const history = createHistory({ keep: 10, maxBytes: 1e9 })
    for (let index = 0; index < 100_000; index += 1) history.add(kept(String(index).padStart(6, '0')))
    expect(idsOf(history.newestFirst())).toEqual(
      Array.from({ length: 10 }, (_, index) => String(99_999 - index).padStart(6, '0')),
    )
  })

  test('what comes while somebody reads moves nothing', () => {
    const history = createHistory({ keep: 3, maxBytes: 1e6 })
    for (const id of ['1', '2', '3']) history.add(kept(id))
    const reading = history.newestFirst()
    expect(reading.next().value?.id).toBe('3')
    history.add(kept('4'))
    expect(idsOf(reading)).toEqual(['2', '1'])
  })
})

describe('a filter of deliveries', () => {
  const one = kept('1000', '{"task":"a1","name":"Größe"}', '/done?x=1')
  one.end('parked', {
    outcome: 'succeeded',
    id: 'a1',
    endpoint: 'POST /done',
    result: 1,
    status: 'ok',
    body: {},
    headers: {},
    receivedAt: 1000,
  })

  test.each([
    [{}, true],
    [{ endpoint: 'POST /done' }, true],
    [{ endpoint: 'POST /other' }, false],
    [{ verdict: 'parked' as const }, true],
    [{ verdict: 'settled' as const }, false],
    [{ id: 'a1' }, true],
    [{ id: 'a' }, false],
    [{ since: 1000 }, true],
    [{ since: 1001 }, false],
    [{ until: 1000 }, true],
    [{ until: 999 }, false],
    [{ text: 'X=1' }, true],
    [{ text: 'alpha' }, true],
    [{ text: 'größe' }, true],
    [{ text: 'nowhere' }, false],
    [{ endpoint: 'POST /done', text: 'nowhere' }, false],
  ])('%j: %s', (filter, expected) => {
    expect(isWanted(one, filter)).toBe(expected)
  })
})
