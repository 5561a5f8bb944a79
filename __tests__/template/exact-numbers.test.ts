import { describe, expect, test } from '@jest/globals'
import { digitsAsText, writeJson } from '../../lib/template/bigints'
import { parseJson } from '../../lib/template/exact-json'
import { refusal, render } from './render'

describe('JSON is read without losing a digit of an integer', () => {
  test.each<[string, unknown]>([
    ['{"id":7615917337495251231}', { id: '7615917337495251231' }],
    ['{"id": -7615917337495251231 }', { id: '-7615917337495251231' }],
    ['7615917337495251231', '7615917337495251231'],
    [' 9007199254740992\n', '9007199254740992'],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['-9007199254740993', '-9007199254740993'],
    ['[12345678901234567890,1,12345678901234567891]', ['12345678901234567890', 1, '12345678901234567891']],
    ['[1700000000000000,1700000000000]', [1700000000000000, 1700000000000]],
    [`[${'9'.repeat(400)}]`, ['9'.repeat(400)]],
    ['{"a":"7615917337495251231","b":7615917337495251231}', { a: '7615917337495251231', b: '7615917337495251231' }],
    ['{"a":"in , 7615917337495251231, text","b":1}', { a: 'in , 7615917337495251231, text', b: 1 }],
    [
      '{"a\\"":12345678901234567890,"b\\\\":12345678901234567891}',
      { 'a"': '12345678901234567890', 'b\\': '12345678901234567891' },
    ],
    ['{"7615917337495251231":{"x":[7615917337495251231]}}', { '7615917337495251231': { x: ['7615917337495251231'] } }],
    ['{"a": 1e400, "b": -1E+999, "c": 1e-400, "d": 1e300}', { a: Infinity, b: -Infinity, c: 0, d: 1e300 }],
    [`[${'9'.repeat(309)}.5]`, [Infinity]],
    ['[0.1000000000000000055,12345678901234567890.5,1.5e20]', [0.1, Number('12345678901234567890.5'), 1.5e20]],
    ['[-0,0,1.0,true,null]', [-0, 0, 1, true, null]],
    ['{"id":7615917337495251231,"id":2}', { id: 2 }],
  ])('%s', (text, expected) => {
    expect(parseJson(text)).toStrictEqual(expected)
  })

  test('keeps a "__proto__" an own key', () => {
    const value = parseJson('{"__proto__":{"x":7615917337495251231}}')
    expect(Object.entries(Object(value))).toStrictEqual([['__proto__', { x: '7615917337495251231' }]])
  })

  test.each([
    '{12345678901234567890:1}',
    '{"a":1, 12345678901234567890 :1}',
    '[01234567890123456789]',
    '[1234567890123456789012.]',
    '[12345678901234567890',
    '12345678901234567890 12345678901234567890',
    '[+12345678901234567890]',
    '[1e400e]',
    '"12345678901234567890',
    '{"a": 12345678901234567890 "b"}',
  ])('%s stays broken', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })
})

const ID = '7615917337495251231'

describe('an integer beyond 2^53 in a template', () => {
  test.each<[string, unknown]>([
    ['${id as integer}', 7615917337495251231n],
    ['${id as number}', 7615917337495251231n],
    ['${" +7615917337495251231 " as integer}', 7615917337495251231n],
    ['${"-12345678901234567890.9" as integer}', -12345678901234567890n],
    ['${"0009007199254740991" as integer}', 9007199254740991],
    ['${"1e20" as integer}', 1e20],
    ['${id as string}', ID],
    ['${id as integer as string}', ID],
    ['${id as json}', ID],
    ['${json as json}', { id: ID }],
    ['${json as object}', { id: ID }],
    ['${list as list as integer[]}', [7615917337495251231n, 1]],
    ['${id | 1}', ID],
    ['${none | 7615917337495251231}', 7615917337495251231n],
    ['${7615917337495251231}', 7615917337495251231n],
    ['${none | 007}', '007'],
    ['job ${id as integer}', `job ${ID}`],
    ['${id + 1}', 7615917337495251232n],
    ['${id - id}', 0],
    ['${id * 10}', 76159173374952512310n],
    ['${id % 10}', 1],
    ['${(id - 1) / 10}', 761591733749525123n],
    ['${9007199254740991 + 2}', 9007199254740993n],
    ['${3037000500 * 3037000500}', 9223372037000250000n],
    ['${id / 2}', Number(ID) / 2],
    ['${id + 0.5}', Number(ID)],
    ['${1e300 * 10}', 1e301],
    ['{"id": ${id as integer}, "all": ${all}}', `{"id": ${ID}, "all": {"id":${ID}}}`],
  ])('%s', (template, expected) => {
    const all = { id: 7615917337495251231n }
    expect(render(template, { id: ID, json: `{"id":${ID}}`, list: `[${ID},1]`, all })).toStrictEqual(expected)
  })

  test.each([
    ['${id % 0}', 'has no finite result'],
    ['${id / 0}', 'has no finite result'],
    ['${long as integer}', 'it is no number'],
    ['${id as boolean}', 'it is neither true nor false'],
  ])('%s is refused: %s', (template, message) => {
    expect(refusal(template, { id: ID, long: '9'.repeat(5000) })).toContain(message)
  })
})

describe('writeJson', () => {
  test.each<[unknown, string | undefined]>([
    [{ id: 7615917337495251231n }, `{"id":${ID}}`],
    [7615917337495251231n, ID],
    [[1n, 'a"', null, undefined, { a: undefined, b: [-5n] }], '[1,"a\\"",null,null,{"b":[-5]}]'],
    [{ at: new Date(0), n: 12345678901234567890n }, '{"at":"1970-01-01T00:00:00.000Z","n":12345678901234567890}'],
    [{ a: 1 }, '{"a":1}'],
    [undefined, undefined],
  ])('writes %p', (value, expected) => {
    expect(writeJson(value)).toBe(expected)
  })

  test('refuses what contains itself, with a bigint and without', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(() => writeJson(circle)).toThrow(TypeError)
    expect(() => writeJson({ id: 1n, circle })).toThrow(TypeError)
  })
})

describe('digitsAsText', () => {
  test('makes text of every bigint and leaves all else as it is', () => {
    const date = new Date(0)
    expect(digitsAsText({ id: 7615917337495251231n, list: [1n, 2], date })).toStrictEqual({
      id: ID,
      list: ['1', 2],
      date,
    })
    expect(digitsAsText(12n)).toBe('12')
  })

  test('gives the same value when there is none', () => {
    const value = { id: 1, list: [{}] }
    expect(digitsAsText(value)).toBe(value)
  })

  test('follows a value that contains itself once', () => {
    const circle: Record<string, unknown> = { id: 1n }
    circle['self'] = circle
    const copy = Object(digitsAsText(circle))
    expect(copy.id).toBe('1')
    expect(copy.self).toBe(copy)
  })
})
