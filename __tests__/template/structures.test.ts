import { describe, expect, test } from '@jest/globals'
import type { Problem } from '../../lib/base/errors'
import { compileTemplate } from '../../lib/template/compile'
import { refusal, render } from './render'

const scope = { body: { id: 7, tags: ['x', 'y'] } }

describe('a template of any shape', () => {
  test.each<[unknown, unknown]>([
    [{ id: '${body.id}' }, { id: 7 }],
    [{ a: { b: { c: ['${body.id}', 'n-${body.id}'] } } }, { a: { b: { c: [7, 'n-7'] } } }],
    [
      ['${body.id}', ['${body.tags}']],
      [7, [['x', 'y']]],
    ],
    [{}, {}],
    [[], []],
    [{ missing: '${body.missing}' }, { missing: null }],
    [{ '${body.id}': '${body.id}' }, { '${body.id}': 7 }],
    [
      { 'any key': 1, '': 2, '0': 3 },
      { '0': 3, 'any key': 1, '': 2 },
    ],
  ])('%j renders to %j', (template, expected) => {
    expect(render(template, scope)).toStrictEqual(expected)
  })

  test.each<[string, unknown]>([
    ['a number', 5],
    ['zero', 0],
    ['true', true],
    ['null', null],
    ['undefined', undefined],
    ['a date', new Date(0)],
    ['bytes', Buffer.from('${body.id}')],
    ['a map', new Map([['a', '${body.id}']])],
    ['a function', () => '${body.id}'],
  ])('keeps %s as it is', (_name, value) => {
    expect(render(value, scope)).toBe(value)
    expect(render({ a: [value] }, scope)).toStrictEqual({ a: [value] })
  })

  test('gives a new structure each time, and leaves the template alone', () => {
    const source = { list: ['${body.id}'], fixed: { a: 1 } }
    const template = compileTemplate(source, { at: 'template' })
    const first = template.render(scope)
    const second = template.render(scope)
    expect(first).toStrictEqual(second)
    expect(first).not.toBe(second)
    expect(template.source).toBe(source)
    expect(source).toStrictEqual({ list: ['${body.id}'], fixed: { a: 1 } })
  })

  test('keeps the order of its keys', () => {
    const source = { z: 1, a: '${body.id}', m: 3 }
    expect(Object.keys(render(source, scope) as object)).toStrictEqual(['z', 'a', 'm'])
  })

  test('reads a mapping without a prototype', () => {
    const source: unknown = Object.assign(Object.create(null), { id: '${body.id}' })
    expect(render(source, scope)).toStrictEqual({ id: 7 })
  })

  test('has one reference for each path in it', () => {
    const { references } = compileTemplate({ a: '${x.y}', b: ['${z[0]} ${x.y}', 5] }, { at: 'template' })
    expect(references.map(({ source, path }) => [source, ...path])).toStrictEqual([
      ['x', 'y'],
      ['z', 0],
      ['x', 'y'],
    ])
  })
})

describe('a structure that is refused', () => {
  test('has the key "__proto__"', () => {
    expect(refusal(JSON.parse('{"__proto__": {"polluted": "${body.id}"}}'))).toBe('"__proto__" cannot be a key')
    expect(refusal({ a: [JSON.parse('{"__proto__": 1}')] })).toBe('"__proto__" cannot be a key')
  })

  test('names the place of each of its mistakes', () => {
    const problems: Problem[] = []
    const source = {
      good: '${body.id}',
      bad: ['${', { worse: '${body.id as}' }],
      proto: JSON.parse('{"__proto__": 1}') as unknown,
    }
    const template = compileTemplate(source, { at: 'jobs[0].input', report: (problem) => problems.push(problem) })
    expect(problems.map(({ at, code }) => [at, code])).toStrictEqual([
      ['jobs[0].input.bad[0]', 'ERR_CONFIG_TEMPLATE'],
      ['jobs[0].input.bad[1].worse', 'ERR_CONFIG_TEMPLATE'],
      ['jobs[0].input.proto', 'ERR_CONFIG_TEMPLATE'],
    ])
    expect(template.render(scope)).toMatchObject({ good: 7, bad: [null, { worse: null }] })
  })

  test('names the key of the whole when its place has no name', () => {
    const problems: Problem[] = []
    compileTemplate({ a: { b: '${' } }, { at: '', report: (problem) => problems.push(problem) })
    expect(problems.map(({ at }) => at)).toStrictEqual(['a.b'])
  })
})
