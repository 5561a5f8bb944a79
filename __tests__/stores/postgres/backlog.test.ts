import { describe, expect, test } from '@jest/globals'
import { createBacklog, type Waiting } from '../../../adapters/stores/postgres/connections/backlog'

interface Item {
  readonly name: string
  readonly records: readonly string[]
  readonly bytes: number
}

const MAX_ITEMS = 4
const MAX_BYTES = 10

/** Writes `a:x+y` for an item `a` on the records x and y, and `a:x/9` for one of nine bytes. */
function toItem(text: string): Item {
  const [name = '', rest = ''] = text.split(':')
  const [records = '', bytes = '1'] = rest.split('/')
  return { name, records: records.split('+').filter(Boolean), bytes: Number(bytes) }
}

function createFilled(texts: readonly string[]) {
  const backlog = createBacklog<Item, number>({
    maxItems: MAX_ITEMS,
    maxBytes: MAX_BYTES,
    bytesOf: ({ bytes }) => bytes,
    namesOf: ({ records }) => records,
  })
  for (const [since, text] of texts.entries())
    backlog.add({ item: toItem(text), since, resolve: () => undefined, reject: () => undefined })
  const namesOf = (batch: readonly Waiting<Item, number>[]): string => batch.map(({ item }) => item.name).join('')
  return { backlog, namesOf }
}

describe('a batch', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['takes the items in their order', ['a:x', 'b:y', 'c:z'], ['abc', '', '']],
    ['takes several items of one record', ['a:x', 'b:x', 'c:x'], ['abc', '', '']],
    ['has so many items at most', ['a:p', 'b:q', 'c:r', 'd:s', 'e:t', 'f:u'], ['abcd', 'ef', '']],
    ['has so many bytes at most', ['a:x/6', 'b:y/4', 'c:z/1'], ['ab', 'c', '']],
    ['has one item that is too large alone', ['a:x/99', 'b:y'], ['a', 'b', '']],
    ['leaves out the records of the batch before', ['a:x', 'b:x', 'c:x', 'd:x', 'e:x', 'f:y'], ['abcd', 'f', '']],
    ['leaves out what shares one of two records', ['a:x', 'b:x', 'c:x', 'd:x', 'e:y+x', 'f:z'], ['abcd', 'f', '']],
    [
      'leaves out what comes behind an item that waits, on any of its records',
      ['a:x', 'b:x', 'c:x', 'd:x', 'e:x+y', 'f:y', 'g:y+z', 'i:w', 'h:z'],
      ['abcd', 'i', ''],
    ],
    [
      'does not look far behind items that wait',
      Array.from('abcdefgh')
        .map((name) => `${name}:x`)
        .concat('i:w'),
      ['abcd', '', ''],
    ],
    ['takes items without a record at any time', ['a:x', 'b:x', 'c:x', 'd:x', 'e:', 'f:'], ['abcd', 'ef', '']],
  ])('%s', (_what, texts, expected) => {
    const { backlog, namesOf } = createFilled(texts)
    expect([backlog.take(), backlog.take(), backlog.take()].map(namesOf)).toEqual(expected)
  })

  test.each<[readonly string[], string]>([
    [['a:x', 'b:x', 'c:x', 'd:x', 'e:x', 'f:x'], 'ef'],
    [['a:x', 'b:y', 'c:x', 'd:y', 'e:x+y', 'f:y'], 'ef'],
    [['a:x', 'b:x', 'c:x', 'd:x', 'e:y+x', 'f:x+z', 'g:z'], 'efg'],
  ])('that has ended lets the items follow that waited for it: %j', (texts, expected) => {
    const { backlog, namesOf } = createFilled(texts)
    const first = backlog.take()
    expect(namesOf(backlog.take())).toBe('')
    backlog.end(first)
    expect(namesOf(backlog.take())).toBe(expected)
    expect(backlog.isEmpty()).toBe(true)
  })
})

describe('items that wait', () => {
  test.each<[number | undefined, string, string]>([
    [undefined, 'abc', ''],
    [1, 'ab', 'c'],
    [0, 'a', 'bc'],
    [-1, '', 'abc'],
  ])('up to the time %s are removed', (until, removed, left) => {
    const { backlog, namesOf } = createFilled(['a:x', 'b:x', 'c:x'])
    expect(namesOf(backlog.remove(until))).toBe(removed)
    expect(namesOf(backlog.take())).toBe(left)
  })

  test('are a hundred thousand at most', () => {
    const { backlog } = createFilled([])
    const waiting = { item: toItem('a:x'), since: 0, resolve: () => undefined, reject: () => undefined }
    for (let count = 0; count < 100_000; count++) backlog.add(waiting)
    expect(() => backlog.add(waiting)).toThrow('100000 operations wait already')
  })
})
