import { afterEach, describe, expect, test } from '@jest/globals'
import { render } from './render'

const INHERITED = [
  'constructor',
  '__proto__',
  'prototype',
  'toString',
  'toJSON',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  '__defineGetter__',
  '__lookupSetter__',
  'length',
  'name',
  'size',
  'map',
  'then',
  'caller',
  'arguments',
  'buffer',
  'parent',
]

describe('only own properties are read', () => {
  const values = {
    mapping: { a: 1 },
    list: [],
    text: 'text',
    number: 5,
    truth: true,
    date: new Date(0),
    map: new Map(),
    call: () => 1,
    bytes: Buffer.from(''),
  }

  test.each(INHERITED.flatMap((name) => Object.keys(values).map((kind) => [name, kind])))(
    'not the %s of a %s',
    (name, kind) => {
      const expected = kind === 'list' && name === 'length' ? 0 : null
      expect(render(`\${source.${kind}.${name}}`, { source: values })).toBe(expected)
      expect(render(`\${source.${kind}["${name}"]}`, { source: values })).toBe(expected)
      expect(render(`\${source.${kind}.${name}.x}`, { source: values })).toBeNull()
    },
  )

  test.each(INHERITED)('%s is no source either', (name) => {
    expect(render(`\${${name}}`, {})).toBeNull()
    expect(render(`\${${name}.x.y}`, {})).toBeNull()
  })

  test.each(INHERITED)('%s is read where the value has it itself', (name) => {
    const body: unknown = JSON.parse(`{"${name}": {"x": 1}}`)
    expect(render(`\${body.${name}.x}`, { body })).toBe(1)
    expect(render(`\${body["${name}"].x}`, { body })).toBe(1)
    expect(render(`\${body.a.b.${name}.x}`, { body: { a: { b: body } } })).toBe(1)
    expect(render(`\${${name}.x}`, body as object)).toBe(1)
  })

  test.each(['${body.constructor.prototype}', '${body.a.__proto__.__proto__}', '${body.call.constructor}'])(
    'no way leads from a value to a prototype: %s',
    (template) => {
      expect(render(template, { body: { a: [], call: () => 1 } })).toBeNull()
    },
  )

  test('a mapping without a prototype is read like any other', () => {
    const body: unknown = Object.assign(Object.create(null), { id: 7, toString: 'own' })
    expect(render('${body.id} ${body.toString} ${body.constructor}', { body })).toBe('7 own ')
  })

  test('the length of a list counts as its own', () => {
    expect(render('${body.items.length}', { body: { items: [1, 2, 3] } })).toBe(3)
  })
})

describe('prototypes are never written', () => {
  const pristine = Object.getOwnPropertyNames(Object.prototype)

  afterEach(() => {
    expect(Object.getOwnPropertyNames(Object.prototype)).toStrictEqual(pristine)
  })

  test('by a value that carries "__proto__"', () => {
    const body: unknown = JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"x": 1}}}')
    const rendered = render({ a: '${body}', b: ['${body.__proto__}'], c: '${body as json}' }, { body })
    expect(rendered).toStrictEqual({ a: body, b: [{ polluted: true }], c: body })
    expect(render('${a.polluted}', { a: {} })).toBeNull()
  })

  test('by JSON in a text', () => {
    const rendered = render('${body as object}', { body: '{"__proto__": {"polluted": true}}' })
    expect(Object.getPrototypeOf(rendered)).toBe(Object.prototype)
    expect(Object.keys(rendered as object)).toStrictEqual(['__proto__'])
  })

  test('by the keys "constructor" and "prototype" of a template', () => {
    const rendered = render({ constructor: { prototype: { polluted: '${x}' } } }, { x: 1 })
    expect(JSON.stringify(rendered)).toBe('{"constructor":{"prototype":{"polluted":1}}}')
  })
})
