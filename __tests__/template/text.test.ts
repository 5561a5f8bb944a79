import { describe, expect, test } from '@jest/globals'
import { render } from './render'

const scope = {
  a: 'A',
  b: 'B',
  n: 5,
  zero: 0,
  no: false,
  nothing: null,
  list: [1, 'x', null],
  mapping: { k: { l: 'v' } },
  bytes: Buffer.from('raw'),
  when: new Date(0),
  evil: '${a} $${b} ${',
  money: '$& $1 $$',
}

describe('text without placeholders', () => {
  test.each([
    '',
    ' ',
    'plain',
    '$',
    '$$',
    '{a}',
    '$ {a}',
    'a } b',
    '{{a}}',
    '#{a}',
    '$a',
    '%{a}',
    'a|b as c',
    '\u0000',
    '😀',
  ])('stays what it is: %j', (template) => {
    expect(render(template, scope)).toBe(template)
  })

  test.each([
    ['$${', '${'],
    ['$${a}', '${a}'],
    ['$${a} ${a}', '${a} A'],
    ['${a}$${b}', 'A${b}'],
    ['$$${a}', '$${a}'],
    ['a $${ b } c', 'a ${ b } c'],
    ['$${$${', '${${'],
    ['${"$"}${n}', '$5'],
    ['{"x": "${a}"}', '{"x": "A"}'],
    ['{${a}}', '{A}'],
  ])('%s renders to %s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })
})

describe('a placeholder alone in its text', () => {
  test.each(Object.entries(scope))('keeps the type of %s', (name, value) => {
    expect(render(`\${${name}}`, scope)).toBe(value)
  })

  test.each([
    ['${"text"}', 'text'],
    ["${'text'}", 'text'],
    ['${"a\\nb"}', 'a\nb'],
    ['${"caf\\u00e9 \\uD83D\\uDE00"}', 'café 😀'],
    ['${"\\u12 \\x"}', 'u12 x'],
    ['${""}', ''],
    ['${"${a}"}', '${a}'],
    ['${"}"}', '}'],
    ['${5}', 5],
    ['${-1.5}', -1.5],
    ['${true}', true],
    ['${false}', false],
    ['${null}', null],
    ['${${a}}', 'A'],
    ['${${${n}}}', 5],
  ])('may be a literal: %s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })
})

describe('placeholders in text', () => {
  test.each([
    ['${a}${b}', 'AB'],
    ['${a}-${b}', 'A-B'],
    [' ${n}', ' 5'],
    ['${n} ', '5 '],
    ['${n}${n}', '55'],
    ['<${missing}>', '<>'],
    ['<${nothing}>', '<>'],
    ['<${zero}>', '<0>'],
    ['<${no}>', '<false>'],
    ['<${list}>', '<[1,"x",null]>'],
    ['<${mapping}>', '<{"k":{"l":"v"}}>'],
    ['<${mapping.k}>', '<{"l":"v"}>'],
    ['<${bytes}>', '<raw>'],
    ['<${money}>', '<$& $1 $$>'],
    ['https://x/${a}?q=${b}#${n}', 'https://x/A?q=B#5'],
    ['${a}${missing}', 'A'],
    ['${missing}${missing}', ''],
  ])('%s renders to %s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })
})

describe('what a value says is never rendered again', () => {
  test.each([
    ['${evil}', '${a} $${b} ${'],
    ['<${evil}>', '<${a} $${b} ${>'],
    ['${missing | ${evil}}', '${a} $${b} ${'],
    ['${evil as text}', '${a} $${b} ${'],
    ['$${${evil}}', '${${a} $${b} ${}'],
  ])('%s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })

  test('nor are the keys and texts inside a mapping', () => {
    const body = { '${a}': ['${b}', { deep: '$${a}' }] }
    expect(render({ copy: '${body}', text: '-${body}' }, { body, a: 'A', b: 'B' })).toStrictEqual({
      copy: body,
      text: `-${JSON.stringify(body)}`,
    })
  })
})
