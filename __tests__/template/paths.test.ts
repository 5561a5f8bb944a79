import { describe, expect, test } from '@jest/globals'
import { render } from './render'

const body = {
  id: 'task-1',
  zero: 0,
  no: false,
  empty: '',
  nothing: null,
  text: 'abc',
  list: ['a', 'b', 'c', 'd'],
  'any key': 1,
  'with "quotes"': 2,
  "it's": 3,
  'back\\slash': 4,
  'two\nlines': 6,
  café: 7,
  'a.b': 5,
  'log-request': { output: 'done' },
  $ref: '#/a',
  ключ: { 値: 'ok' },
  'cafe\u0301': 'decomposed',
  हिन्दी: 'vowel signs',
  '0': 'the key 0',
  '-1': 'the key -1',
  items: [{ id: 1, tags: ['x', 'y'] }, { tags: null }, null, { id: 4, tags: [] }, 5],
  users: { ann: { age: 30 }, bob: { age: 40 }, eve: null },
  deep: { a: { b: { c: { d: 'e' } } } },
}

describe('a path', () => {
  test.each([
    ['${body.id}', 'task-1'],
    ['${ body.id }', 'task-1'],
    ['${\n  body.id\n}', 'task-1'],
    ['${body}', body],
    ['${body.zero}', 0],
    ['${body.no}', false],
    ['${body.empty}', ''],
    ['${body.deep.a.b.c.d}', 'e'],
    ['${body["deep"].a["b"][\'c\'].d}', 'e'],
    ['${body.list}', ['a', 'b', 'c', 'd']],
  ])('reads %s', (template, expected) => {
    expect(render(template, { body })).toStrictEqual(expected)
  })

  test.each([
    '${nobody}',
    '${nobody.at.all[0][*]}',
    '${body.missing}',
    '${body.missing.deeper.still}',
    '${body.nothing}',
    '${body.nothing.deeper}',
    '${body.zero.deeper}',
    '${body.text.deeper}',
    '${body.list[4]}',
    '${body.list[-5]}',
    '${body.list[99999999999999999999]}',
    '${body.list.a}',
    '${body.users[0]}',
    '${body.id[1:2]}',
    '${body.users[1:2]}',
    '${body.missing[*].id}',
    '${body.zero[*]}',
  ])('gives null for %s, which is not there', (template) => {
    expect(render(template, { body })).toBeNull()
  })

  test.each(['${body.text[0]}', '${body.text[-1]}', '${body.text.0}', '${body.text["0"]}', '${body.text.length}'])(
    'takes a text for one value, in which %s finds nothing',
    (template) => {
      expect(render(template, { body })).toBeNull()
    },
  )
})

describe('an index', () => {
  test.each([
    ['${body.list[0]}', 'a'],
    ['${body.list[ 3 ]}', 'd'],
    ['${body.list[-1]}', 'd'],
    ['${body.list[-4]}', 'a'],
    ['${body.list["0"]}', 'a'],
    ['${body.list.0}', 'a'],
    ['${body[0]}', 'the key 0'],
    ['${body[-1]}', 'the key -1'],
    ['${body.items[0].tags[1]}', 'y'],
  ])('reads %s', (template, expected) => {
    expect(render(template, { body })).toBe(expected)
  })

  test.each([
    ['${body.list[1:3]}', ['b', 'c']],
    ['${body.list[1:]}', ['b', 'c', 'd']],
    ['${body.list[:2]}', ['a', 'b']],
    ['${body.list[:]}', ['a', 'b', 'c', 'd']],
    ['${body.list[-2:]}', ['c', 'd']],
    ['${body.list[:-3]}', ['a']],
    ['${body.list[2:99]}', ['c', 'd']],
    ['${body.list[3:1]}', []],
    ['${body.list[:0]}', []],
    ['${body.list[1:3:1]}', ['b', 'c']],
    ['${body.list[1:3][0]}', 'b'],
  ])('cuts with %s', (template, expected) => {
    expect(render(template, { body })).toStrictEqual(expected)
  })
})

describe('a key in quotes', () => {
  test.each([
    ['${body["any key"]}', 1],
    ["${body['any key']}", 1],
    ['${body[ "any key" ]}', 1],
    ['${body["with \\"quotes\\""]}', 2],
    ['${body[\'with "quotes"\']}', 2],
    ["${body['it\\'s']}", 3],
    ['${body["it\'s"]}', 3],
    ['${body["back\\\\slash"]}', 4],
    ['${body["two\\nlines"]}', 6],
    ['${body["caf\\u00e9"]}', 7],
    ['${body["a.b"]}', 5],
    ['${body["}"]}', null],
  ])('reads %s', (template, expected) => {
    expect(render(template, { body })).toBe(expected)
  })
})

describe('a name', () => {
  test.each([
    ['${body.log-request.output}', 'done'],
    ['${body.$ref}', '#/a'],
    ['${body.ключ.値}', 'ok'],
    ['${body.cafe\u0301}', 'decomposed'],
    ['${body.हिन्दी}', 'vowel signs'],
    ['${body.log-request}', { output: 'done' }],
    ['${body.id-1}', null],
  ])('may hold what stands in %s', (template, expected) => {
    expect(render(template, { body })).toStrictEqual(expected)
  })

  test.each([
    ['${日本.値}', { 日本: { 値: 1 } }],
    ['${_private}', { _private: 1 }],
    ['${my-source.x}', { 'my-source': { x: 1 } }],
    ['${as}', { as: 1 }],
    ['${as.as as integer}', { as: { as: '1' } }],
    ['${asset as integer}', { asset: '1' }],
    ['${trueish}', { trueish: 1 }],
    ['${null_value}', { null_value: 1 }],
  ])('of a source may be the one in %s', (template, scope) => {
    expect(render(template, scope)).toBe(1)
  })
})

describe('[*]', () => {
  test.each([
    ['${body.items[*].id}', [1, null, null, 4, null]],
    ['${body.items[ * ].id}', [1, null, null, 4, null]],
    ['${body.items.*.id}', [1, null, null, 4, null]],
    ['${body.items[*].tags[*]}', [['x', 'y'], null, null, [], null]],
    ['${body.items[*].tags[0]}', ['x', null, null, null, null]],
    ['${body.items[0:2][*].tags}', [['x', 'y'], null]],
    ['${body.users[*].age}', [30, 40, null]],
    ['${body.users[*]}', [{ age: 30 }, { age: 40 }, null]],
    ['${body.list[*]}', ['a', 'b', 'c', 'd']],
    ['${body.list[*].x}', [null, null, null, null]],
    ['${body.items[3].tags[*].x}', []],
  ])('reads %s from every element, what is missing stays null', (template, expected) => {
    expect(render(template, { body })).toStrictEqual(expected)
  })
})
