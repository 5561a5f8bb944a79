import { describe, expect, test } from '@jest/globals'
import { Course } from '../../lib/deliveries/course'
import { Shelf } from '../../lib/deliveries/shelf'

function finish(headers: readonly string[], body: Buffer | string | undefined, shelf = new Shelf()): Course {
  const course = new Course('POST /done', 1000, 'POST', '/done', headers, undefined)
  course.keepBody(body)
  course.finish(1007, 1, shelf)
  return course
}

describe('a finished delivery', () => {
  test.each([
    ['no headers and no body', [], undefined],
    ['headers alone', ['Host', 'a.example', 'X-Empty', ''], undefined],
    ['an empty body', ['Host', 'a'], Buffer.alloc(0)],
    ['a small body', ['Host', 'a'], Buffer.from([0, 0xff, 10, 13, 0xc3])],
    ['letters of Latin-1', ['X-Name', 'Gr\u00f6\u00dfe'], Buffer.from('Größe')],
    ['letters beyond Latin-1', ['X-Name', '\u4f60\u597d \u{1f600}'], Buffer.from('你好')],
    ['a large body', ['Host', 'a'], Buffer.alloc(40_000, 7)],
    ['headers larger than a piece', ['X-Long', 'x'.repeat(100_000)], Buffer.from('after them')],
  ])('holds %s as it came', (_what, headers, body) => {
    const course = finish(headers, body)
    expect(course.rawHeaders).toEqual(headers)
    expect(course.body).toEqual(body)
    expect(course.bodyBytes).toBe(body?.length ?? 0)
  })

  test('holds a copy of a small body, and text as its bytes', () => {
    const socket = Buffer.from('before {"id":1} behind')
    const course = finish([], socket.subarray(7, 15))
    socket.fill(0)
    expect(course.body?.toString()).toBe('{"id":1}')
    course.body?.fill(0)
    expect(course.body?.toString()).toBe('{"id":1}')
    expect(finish([], 'Größe').body).toEqual(Buffer.from('Größe'))
  })

  test('lies beside others without touching them', () => {
    const shelf = new Shelf()
    const all = Array.from({ length: 500 }, (_, index) =>
      finish(['X-Number', String(index), 'X-Fill', 'y'.repeat(index)], Buffer.alloc(index * 3, index), shelf),
    )
    for (const [index, { rawHeaders, body }] of all.entries()) {
      expect(rawHeaders).toEqual(['X-Number', String(index), 'X-Fill', 'y'.repeat(index)])
      expect(body).toEqual(Buffer.alloc(index * 3, index))
    }
  })

  test('reads nothing of others once it has left its place to them', () => {
    const shelf = new Shelf()
    const secret = finish(['Authorization', 'a secret'], 'the body', shelf)
    const { piece } = shelf
    const fill = (): Course => finish(['X-Fill', 'y'.repeat(300)], Buffer.alloc(20_000, 1), shelf)
    const others = Array.from({ length: 4 }, fill)
    expect(shelf.piece).not.toBe(piece)
    for (const one of [secret, ...others]) one.leave(shelf)
    expect(piece.users).toBe(0)
    expect(piece.bytes.equals(Buffer.alloc(piece.bytes.length))).toBe(true)
    const later = Array.from({ length: 3 }, fill)
    expect(shelf.piece).toBe(piece)
    expect(secret).toMatchObject({ isGone: true, rawHeaders: [], body: undefined, bodyBytes: 8 })
    for (const one of later) expect(one.body).toEqual(Buffer.alloc(20_000, 1))
  })

  test.each([
    ['a large body', ['A', 'b'], 40_000],
    ['headers larger than a piece', ['A', 'x'.repeat(100_000)], 3],
  ])('leaves the shelf with %s, and a second time without harm', (_what, headers, bytes) => {
    const shelf = new Shelf()
    const course = finish(headers, Buffer.alloc(bytes), shelf)
    const { piece } = shelf
    course.leave(shelf)
    course.leave(shelf)
    expect(piece.users).toBe(0)
    expect(course.rawHeaders).toEqual([])
  })

  test('lets go of its body', () => {
    for (const bytes of [3, 40_000]) {
      const course = finish(['A', 'b'], Buffer.alloc(bytes))
      expect(course.keptBytes).toBe(3 + bytes)
      course.body = undefined
      expect(course.body).toBeUndefined()
      expect(course.keptBytes).toBe(3)
      expect(course.rawHeaders).toEqual(['A', 'b'])
    }
  })

  test('counts its bytes before it is finished, too', () => {
    const course = new Course('POST /done', 5, 'POST', '/done', ['A', 'b'], undefined)
    course.keepBody('four')
    expect(course.keptBytes).toBe(7)
  })

  test('has an id that grows with time, and within a millisecond', () => {
    const shelf = new Shelf()
    const at = (now: number, place: number): string => {
      const course = new Course('POST /done', 1_800_000_000_000, 'POST', '/done', [], undefined)
      course.finish(now, place, shelf)
      return course.id
    }
    const ids = [
      at(1_800_000_000_000, 1),
      at(1_800_000_000_000, 2),
      at(1_800_000_000_000, 36),
      at(1_800_000_000_001, 3),
      at(1_900_000_000_000, 1),
    ]
    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids).size).toBe(5)
    expect(ids[0]).toMatch(/^dlv_[0-9a-z]{15}$/)
    // A clock that was set back.
    expect(at(5, 9).slice(4, 13)).toBe(ids[0]?.slice(4, 13))
  })
})
