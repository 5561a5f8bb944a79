import { describe, expect, test } from '@jest/globals'
import { compileTemplate } from '../../lib/template/compile'
import { refusal, render } from './render'

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64')

describe('as unbase64', () => {
  test.each<[string, unknown]>([
    [base64('grün'), 'grün'],
    [base64(''), ''],
    [base64('a'), 'a'],
    ['YQ', 'a'],
    ['8J-YgA', '😀'],
    ['8J+YgA==', '😀'],
    ['Z3LD\r\nvG4=\n', 'grün'],
    [base64(Buffer.from([0, 255, 254])), Buffer.from([0, 255, 254])],
    [base64(Buffer.from([0xc3])), Buffer.from([0xc3])],
  ])('reads %j', (text, expected) => {
    expect(render('${v as unbase64}', { v: text })).toStrictEqual(expected)
  })

  test.each([
    ['a', '"a"'],
    ['ab!d', '"ab!d"'],
    ['YQ===', '"YQ==="'],
    ['{"a": 1}', '"{\\"a\\": 1}"'],
  ])('refuses %j', (text, shown) => {
    expect(refusal('${v as unbase64}', { v: text })).toBe(
      `\${v as unbase64} cannot be read from ${shown}: it is no base64`,
    )
  })

  test.each([[{ a: 1 }], [['YQ==']], [true]])('refuses %j, which is no text', (value) => {
    expect(refusal('${v as unbase64}', { v: value })).toContain('it is no text')
  })
})

describe('as urlencoded', () => {
  test.each<[unknown, string]>([
    ['../../admin', '..%2F..%2Fadmin'],
    ['x?role=admin&a#y', 'x%3Frole%3Dadmin%26a%23y'],
    ['50%', '50%25'],
    ['größe 1+1', 'gr%C3%B6%C3%9Fe%201%2B1'],
    ['', ''],
    [7, '7'],
    ['7615917337495251231', '7615917337495251231'],
  ])('writes %j', (value, expected) => {
    expect(render('${v as urlencoded}', { v: value })).toBe(expected)
    expect(render('/a/${v as urlencoded}/b', { v: value })).toBe(`/a/${expected}/b`)
  })

  test('refuses half a character', () => {
    expect(refusal('${v as urlencoded}', { v: '\ud800' })).toContain('half a surrogate pair')
  })
})

describe('types in a row', () => {
  const message = { data: base64('{"task_id":"t-7","n":7615917337495251231,"list":[{"id":"é/1"}]}') }
  const scope = { message, b: { secret: base64('nothing to see') }, list: [base64('[1]'), null], n: '5' }

  test.each<[string, unknown]>([
    ['${message.data as unbase64 as json}', { task_id: 't-7', n: '7615917337495251231', list: [{ id: 'é/1' }] }],
    ['${(message.data as unbase64 as json).task_id}', 't-7'],
    ['${( message.data as unbase64 as json ).list[0].id as urlencoded}', '%C3%A9%2F1'],
    ['${(message.data as unbase64 as json).list[*].id}', ['é/1']],
    ['${(message.data as unbase64 as json)["task_id"]}', 't-7'],
    ['${(message.data as unbase64 as json).missing | none}', 'none'],
    ['${(missing as unbase64 as json).id}', null],
    ['${(n as integer) + 1}', 6],
    ['${(n + 1) as text as base64}', base64('6')],
    ['${list as unbase64[] as json[]}', [[1], null]],
    ['id ${(message.data as unbase64 as json).task_id}!', 'id t-7!'],
    [
      '${(message).data as unbase64 as object | x}',
      { task_id: 't-7', n: '7615917337495251231', list: [{ id: 'é/1' }] },
    ],
    ['${n as integer\n as  text }', '5'],
    ['${(message.data as unbase64 as json).constructor}', null],
  ])('%s', (template, expected) => {
    expect(render(template, scope)).toStrictEqual(expected)
  })

  test('a step that fails names the whole template', () => {
    expect(refusal('${n as text as json as list}', scope)).toBe(
      '${n as text as json as list} cannot be read from 5: it is not a list',
    )
    expect(refusal('${(b.secret as unbase64 as json).id}', scope)).toContain('a value that is not shown')
  })

  test('the references are those of the value', () => {
    const template = compileTemplate('${(body.a as json).b | ${env.X}}', { at: 'x' })
    expect(template.references).toStrictEqual([
      { source: 'body', path: ['a'], hasDefault: true, isQuery: false },
      { source: 'env', path: ['X'], hasDefault: false, isQuery: false },
    ])
  })
})
