import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { Multimap } from '../../lib/store/collections/multimap'

const A = { name: 'a' }
const B = { name: 'b' }
const C = { name: 'c' }

describe('a multimap', () => {
  test('gives the values of a key in the order in which they came', () => {
    const map = new Multimap<object>()
    expect(map.get('k')).toStrictEqual([])
    for (const value of [B, A, C]) map.add('k', value)
    expect(map.get('k')).toStrictEqual([B, A, C])
    expect(map.get('other')).toStrictEqual([])
    expect(map.values()).toStrictEqual([B, A, C])
  })

  test('holds a value once for a key, however often it is added', () => {
    const map = new Multimap<object>()
    for (const value of [A, A, B, A, B]) map.add('k', value)
    expect(map.get('k')).toStrictEqual([A, B])
    map.delete('k', A)
    expect(map.get('k')).toStrictEqual([B])
  })

  test('gives a list that stays as it is when the map changes', () => {
    const map = new Multimap<object>()
    for (const value of [A, B]) map.add('k', value)
    const before = map.get('k')
    map.delete('k', A)
    map.add('k', C)
    expect(before).toStrictEqual([A, B])
  })

  test('forgets nothing but what is deleted', () => {
    const map = new Multimap<object>()
    map.add('k', A)
    map.delete('k', B)
    map.delete('other', A)
    expect(map.get('k')).toStrictEqual([A])
    map.delete('k', A)
    map.delete('k', A)
    expect(map.get('k')).toStrictEqual([])
    expect(map.values()).toStrictEqual([])
  })

  test('does what a map of lists does', () => {
    const step = fc.record({
      add: fc.boolean(),
      key: fc.constantFrom('k', 'l', '__proto__'),
      value: fc.constantFrom(A, B, C),
    })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const map = new Multimap<object>()
        const lists = new Map<string, object[]>()
        for (const { add, key, value } of steps) {
          const list = lists.get(key) ?? []
          const rest = list.filter((other) => other !== value)
          if (add) map.add(key, value)
          else map.delete(key, value)
          if (add && list.includes(value)) continue
          lists.set(key, add ? [...list, value] : rest)
        }
        for (const key of ['k', 'l', '__proto__']) expect(map.get(key)).toStrictEqual(lists.get(key) ?? [])
        expect(map.values()).toHaveLength([...lists.values()].flat().length)
      }),
    )
  })
})
