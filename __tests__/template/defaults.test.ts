import { describe, expect, test } from '@jest/globals'
import { refusal, render } from './render'

const scope = { input: { size: '512', zero: 0, no: false, empty: '', nothing: null, list: [], backup: 'spare' } }

describe('a default', () => {
  test.each([
    ['${input.missing | "x"}', 'x'],
    ['${input.nothing | "x"}', 'x'],
    ['${nowhere.at.all | "x"}', 'x'],
    ['${input.size | "x"}', '512'],
    ['${input.zero | 5}', 0],
    ['${input.no | true}', false],
    ['${input.empty | "x"}', ''],
    ['${input.list | "x"}', []],
    ['${null | "x"}', 'x'],
  ])('stands in for what is missing or null, and for nothing else: %s', (template, expected) => {
    expect(render(template, scope)).toStrictEqual(expected)
  })

  test.each([
    ['${a | "1024x1024"}', '1024x1024'],
    ["${a | 'single'}", 'single'],
    ['${a | ""}', ''],
    ['${a | " padded "}', ' padded '],
    ['${a | "with } and | and $"}', 'with } and | and $'],
    ['${a | "say \\"hi\\"\\n\\t\\\\"}', 'say "hi"\n\t\\'],
    ["${a | 'it\\'s'}", "it's"],
    ['${a | "0.7"}', '0.7'],
    ['${a | "true"}', 'true'],
    ['${a | "null"}', 'null'],
    ['${a | "${input.size}"}', '${input.size}'],
    ['${a | "b as integer"}', 'b as integer'],
  ])('in quotes is a text: %s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })

  test.each([
    ['${a | 0.7}', 0.7],
    ['${a | 42}', 42],
    ['${a | -3}', -3],
    ['${a | 1e3}', 1000],
    ['${a|5}', 5],
    ['${a | true}', true],
    ['${a | false}', false],
    ['${a | null}', null],
    ['${a |   5   }', 5],
  ])('is a number, a boolean or null: %s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })

  test.each([
    ['${a | fallback}', 'fallback'],
    ['${a | in three words }', 'in three words'],
    ['${a | 1024x1024}', '1024x1024'],
    ['${a | 1 2}', '1 2'],
    ['${a | 1.2.3}', '1.2.3'],
    ['${a | truely}', 'truely'],
    ['${a | input.size}', 'input.size'],
    ['${a | https://example.com/?a=1&b=2#c}', 'https://example.com/?a=1&b=2#c'],
    ['${a | (1 + 2) * 3}', '(1 + 2) * 3'],
    ['${a | it\'s "fine"}', 'it\'s "fine"'],
    ['${a | {"k": {"l": [1]}}}', '{"k": {"l": [1]}}'],
    ['${a | $5}', '$5'],
    ['${a | $${b}}', '${b}'],
    ['${input.size | $${b}}', '512'],
    ['${a | x\n}', 'x'],
  ])('without quotes is a text: %s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })

  test.each([
    ['${a | ${input.size}}', '512'],
    ['${a | ${input.zero}}', 0],
    ['${a | ${b | ${c | ${input.size}}}}', '512'],
    ['${a | ${b | "none"}}', 'none'],
    ['${a | ${b}}', null],
    ['${a | ${input.list}}', []],
    ['${a | pre-${input.size}-post}', 'pre-512-post'],
    ['${a | ${input.size}x${input.size}}', '512x512'],
    ['${a | ${input.size} px }', '512 px'],
    ['${a | at ${b}}', 'at '],
    ['${a | ${input.size as integer}}', 512],
    ['${a | ${1 + 2}}', 3],
  ])('may hold placeholders: %s', (template, expected) => {
    expect(render(template, scope)).toStrictEqual(expected)
  })

  test.each([
    ['${a | ${b} | c}', 'c'],
    ['${a | ${b} | ${input.backup} | "last"}', 'spare'],
    ['${a | null | 5}', 5],
    ['${a | null | null}', null],
    ['${input.size | ${b} | "last"}', '512'],
    ['${a | first | second}', 'first'],
    ['${a | "" | second}', ''],
    ['${a|${b}|c}', 'c'],
  ])('may have a default of its own: %s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })

  test.each([
    ['${input.size as integer | 99}', 512],
    ['${a as integer | "99"}', 99],
    ['${a as integer | ${input.size}}', 512],
    ['${a as object | {}}', {}],
    ['${a as object | {"k": [1, 2]}}', { k: [1, 2] }],
    ['${a as list | []}', []],
    ['${a as list | ["x", "y"]}', ['x', 'y']],
    ['${a as integer[] | ${input.list}}', []],
    ['${a as boolean | no}', false],
    ['${a as text | 5}', '5'],
    ['${a as integer | null}', null],
  ])('is converted too: %s', (template, expected) => {
    expect(render(template, scope)).toStrictEqual(expected)
  })

  test.each([
    ['${input.size as integer | abc}', 512],
    ['${input.zero | ${1 / 0}}', 0],
    ['${input.zero | ${input.backup as integer}}', 0],
  ])('that is not needed is not looked at: %s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })

  test.each([
    ['size ${a | "x"}', 'size x'],
    ['${a | "x"}${a | "y"}', 'xy'],
    ['[${a | null}]', '[]'],
  ])('works inside text: %s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })
})

describe('"as" behind a default', () => {
  test.each([
    ['${a | 5 as integer}', 'integer', 'column 7'],
    ['${a | "5" as integer}', 'integer', 'column 11'],
    ["${a | '5' as integer[]}", 'integer[]', 'column 11'],
    ['${a | ${b} as text}', 'text', 'column 7'],
    ['${a | x ${b} as text }', 'text', 'column 7'],
    ['${a | {} as object}', 'object', 'column 7'],
    ['${a | b | c as list}', 'list', 'column 11'],
  ])('is refused with advice: %s', (template, type, column) => {
    const message = refusal(template, scope)
    expect(message).toContain(`"as ${type}" belongs before the "|"; it applies to the default too`)
    expect(message).toContain(`(${column} of `)
  })
})
