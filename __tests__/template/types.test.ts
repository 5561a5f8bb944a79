import { describe, expect, test } from '@jest/globals'
import { compileTemplate } from '../../lib/template/compile'
import type { Problem } from '../../lib/base/errors'
import { refusal, render } from './render'

describe('as TYPE', () => {
  test.each<[string, unknown, unknown]>([
    ['string', 5, '5'],
    ['string', true, 'true'],
    ['string', 'a', 'a'],
    ['string', { a: [1] }, '{"a":[1]}'],
    ['text', [1, 'two', null], '[1,"two",null]'],
    ['text', '', ''],
    ['text', Buffer.from('grün'), 'grün'],
    ['text', 1e21, '1e+21'],
    ['text', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['string', new URL('https://a.example/b?c'), 'https://a.example/b?c'],
    ['text', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ['text', new Date(Number.NaN), ''],
    ['integer', '42', 42],
    ['integer', 4.9, 4],
    ['integer', '-4.9', -4],
    ['integer', ' 7 ', 7],
    ['integer', '1e3', 1000],
    ['integer', true, 1],
    ['integer', false, 0],
    ['number', '3.50', 3.5],
    ['number', '+.5', 0.5],
    ['number', '5.', 5],
    ['number', -0.25, -0.25],
    ['boolean', 'true', true],
    ['boolean', 'YES', true],
    ['boolean', ' on ', true],
    ['boolean', 1, true],
    ['boolean', '1', true],
    ['boolean', 'False', false],
    ['boolean', 'no', false],
    ['boolean', 'off', false],
    ['boolean', 0, false],
    ['boolean', '', false],
    ['boolean', false, false],
    ['json', '{"a": [1, null]}', { a: [1, null] }],
    ['json', '"text"', 'text'],
    ['json', 'null', null],
    ['json', '\uFEFF{"a": 1}', { a: 1 }],
    ['object', '\uFEFF{"a": 1}', { a: 1 }],
    ['list', '\uFEFF[1]', [1]],
    ['json', { a: 1 }, { a: 1 }],
    ['json', 5, 5],
    ['object', { a: 1 }, { a: 1 }],
    ['object', '{"a": 1}', { a: 1 }],
    ['list', [1], [1]],
    ['list', '[1, 2]', [1, 2]],
    ['base64', 'grün', 'Z3LDvG4='],
    ['base64', '', ''],
    ['base64', { a: 1 }, 'eyJhIjoxfQ=='],
    ['base64', Buffer.from([0, 255, 254]), 'AP/+'],
  ])('%s reads %j as %j', (type, value, expected) => {
    expect(render(`\${value as ${type}}`, { value })).toStrictEqual(expected)
  })

  const types = ['string', 'text', 'integer', 'number', 'boolean', 'json', 'object', 'list', 'base64']

  test.each(types.flatMap((type) => [type, `${type}[]`]))('%s leaves null and missing as null', (type) => {
    expect(render(`\${value as ${type}}`, { value: null })).toBeNull()
    expect(render(`\${missing as ${type}}`, {})).toBeNull()
  })

  test.each<[string, unknown, unknown]>([
    ['string[]', [1, null, 'a', [2]], ['1', null, 'a', '[2]']],
    ['text[]', [true, {}], ['true', '{}']],
    ['integer[]', ['1', 2.9, null, false], [1, 2, null, 0]],
    ['number[]', ['1.5', null], [1.5, null]],
    ['boolean[]', ['yes', 0, null, ''], [true, false, null, false]],
    ['json[]', ['{"a":1}', 'null', 2], [{ a: 1 }, null, 2]],
    ['object[]', [{ a: 1 }, '{"b":2}', null], [{ a: 1 }, { b: 2 }, null]],
    ['list[]', [[1], '[2]', null], [[1], [2], null]],
    ['base64[]', ['a', null], ['YQ==', null]],
    ['integer[]', [], []],
  ])('%s reads each element of %j', (type, value, expected) => {
    expect(render(`\${value as ${type}}`, { value })).toStrictEqual(expected)
  })

  test.each<[string, unknown, string]>([
    ['integer', 'abc', '"abc": it is no number'],
    ['integer', '', '"": it is no number'],
    ['integer', '12px', '"12px": it is no number'],
    ['integer', '0x1F', '"0x1F": it is no number'],
    ['integer', [], '[]: it is no number'],
    ['number', {}, '{}: it is no number'],
    ['number', 'Infinity', '"Infinity": it is no number'],
    ['number', '1e999', '"1e999": it is no number'],
    ['number', Number.NaN, 'NaN: it is no number'],
    ['boolean', 'maybe', '"maybe": it is neither true nor false'],
    ['boolean', 2, '2: it is neither true nor false'],
    ['boolean', [], '[]: it is neither true nor false'],
    ['json', '{broken', '"{broken": it is no JSON'],
    ['json', '', '"": it is no JSON'],
    ['object', [1], '[1]: it is not a mapping'],
    ['object', '[1]', '"[1]": it is not a mapping'],
    ['object', 5, '5: it is not a mapping'],
    ['object', 'null', '"null": it is not a mapping'],
    ['object', 'text', '"text": it is no JSON'],
    ['list', { a: 1 }, '{"a":1}: it is not a list'],
    ['list', 'text', '"text": it is no JSON'],
    ['integer[]', 5, '5: it is no list'],
    ['integer[]', { a: 1 }, '{"a":1}: it is no list'],
    ['integer[]', ['1', 'x'], '["1","x"]: it is no number'],
    ['object[]', [{}, [1]], '[{},[1]]: it is not a mapping'],
  ])('%s refuses %j', (type, value, expected) => {
    const template = `\${value as ${type}}`
    expect(refusal(template, { value })).toBe(`${template} cannot be read from ${expected}`)
  })

  test('shortens a long value in the message', () => {
    const message = refusal('${value as integer}', { value: 'x'.repeat(10_000) })
    expect(message.length).toBeLessThan(150)
    expect(message).toContain('xxx…')
  })

  test.each([
    ['${value as  integer }', 5],
    ['${value\nas\ninteger}', 5],
    ['${value as integer|7}', 5],
    ['${ ${value as integer} + 1 }', 6],
    ['${value + 1 as text}', '6'],
    ['v${value as number}', 'v5'],
  ])('may be written as in %j', (template, expected) => {
    expect(render(template, { value: '5' })).toBe(expected)
  })
})

describe('an unknown type', () => {
  test.each(['int', 'Integer', 'integer[][]', 'toString', '__proto__', 'constructor[]', 'date', '[]'])(
    'warns of "%s" and leaves the value as it is',
    (type) => {
      const warnings: Problem[] = []
      const template = compileTemplate({ id: `\${body.id as ${type}}` }, { at: 'job', warn: (p) => warnings.push(p) })
      expect(warnings).toStrictEqual([
        {
          code: 'ERR_CONFIG_TEMPLATE',
          message: `Unknown type "${type}" in \${body.id as ${type}}; the value is left as it is`,
          at: 'job.id',
        },
      ])
      const id = { any: ['shape'] }
      expect(template.render({ body: { id } })).toStrictEqual({ id })
    },
  )

  test('still takes its default, and needs nobody who listens to warnings', () => {
    expect(render('${missing as int | 5}')).toBe(5)
  })
})
