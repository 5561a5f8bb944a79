import { describe, expect, test } from '@jest/globals'
import { parseTemplate } from '../../lib/template/parse'
import { TemplateSyntaxError } from '../../lib/template/scanner'
import { refusal } from './render'

const MISTAKES: readonly (readonly [string, number, string])[] = [
  ['${', 3, 'a "}" is missing'],
  ['${body', 7, 'a "}" is missing'],
  ['${body.id', 10, 'a "}" is missing'],
  ['text ${body.id more', 16, '"m" was not expected here'],
  ['${a | b', 8, 'a "}" is missing'],
  ['${a | {b}', 10, 'a "}" is missing'],
  ['${a | ${b}', 11, 'a "}" is missing'],
  ['${a as integer', 15, 'a "}" is missing'],
  ['${}', 3, '"${}" is empty: name a source, such as ${body.id}'],
  ['x ${  }', 7, '"${}" is empty: name a source, such as ${body.id}'],
  ['${.a}', 3, '"." was not expected here'],
  ['${[0]}', 3, '"[" was not expected here'],
  ['${| 5}', 3, '"|" was not expected here'],
  ['${a b}', 5, '"b" was not expected here'],
  ['${{ body.id }}', 3, '"{" was not expected here; a template has one pair of braces: ${…}'],
  ['a ${{body.id}} b', 5, '"{" was not expected here; a template has one pair of braces: ${…}'],
  ['${{}}', 3, '"{" was not expected here; a template has one pair of braces: ${…}'],
  ['${5a}', 4, '"a" was not expected here'],
  ['${true.x}', 7, '"." was not expected here'],
  ['${"a".b}', 6, '"." was not expected here'],
  ['${😀}', 3, '"😀" was not expected here'],
  ['${a 😀}', 5, '"😀" was not expected here'],
  ['${$a}', 3, '"$" was not expected here'],
  ['${a ? b : c}', 5, '"?" is not part of the template language; a default is written as ${value | default}'],
  ['${a ?? b}', 5, '"?" is not part of the template language'],
  ['${a && b}', 5, '"&" is not part of the template language'],
  ['${a == b}', 5, '"=" is not part of the template language'],
  ['${a || b}', 6, 'a default is written with one "|"'],
  ['${a |}', 6, 'a default is missing after "|"; for empty text write ""'],
  ['${a |  }', 8, 'a default is missing after "|"; for empty text write ""'],
  ['${a | | b}', 7, 'a default is missing after "|"'],
  ['${a | "b" c}', 11, '"c" was not expected here'],
  ['${a | "b}', 7, 'the closing " is missing'],
  ["${'b}", 3, "the closing ' is missing"],
  ['${"b\\', 3, 'the closing " is missing'],
  ['${a as}', 7, 'a type is missing after "as"'],
  ['${a as | 5}', 8, 'a type is missing after "as"'],
  ['${a.}', 5, 'a name is missing after "."; a name with other characters is written as ["the name"]'],
  ['${a. b}', 5, 'a name is missing after "."'],
  ['${a.😀}', 5, 'a name is missing after "."'],
  ['${a..}', 6, 'a name is missing after "."'],
  ['${a...b}', 6, 'a name is missing after "."'],
  ['${a[}', 5, 'expected an index, a slice, "*" or a key in quotes, such as ["the key"]'],
  ['${a[]}', 5, 'expected an index, a slice, "*" or a key in quotes, such as ["the key"]'],
  ['${a[key]}', 5, 'expected an index, a slice, "*" or a key in quotes, such as ["the key"]'],
  ['${a[-]}', 5, 'expected an index, a slice, "*" or a key in quotes'],
  ['${a[-:2]}', 5, 'expected an index, a slice, "*" or a key in quotes'],
  ['${a[0,]}', 7, 'expected an index, a slice, "*" or a key in quotes'],
  ['${a[0}', 6, 'a "]" is missing, or the key must stand in quotes: ["the key"]'],
  ['${a[1.5]}', 6, 'a "]" is missing, or the key must stand in quotes'],
  ['${a[1:2:3:4]}', 10, 'a "]" is missing'],
  ['${a["b]}', 5, 'the closing " is missing'],
  ['${a["b}', 5, 'the closing " is missing'],
  ['${a[::0]}', 5, 'the step of a slice is 1 or more'],
  ['${a[::-1]}', 5, 'the step of a slice is 1 or more'],
  ['${(a}', 5, 'a ")" is missing; "|" stands behind the parentheses, or in a ${…} of its own'],
  ['${(a | 5) + 1}', 6, 'a ")" is missing; "|" stands behind the parentheses, or in a ${…} of its own'],
  ['${(a as text | 5) + 1}', 14, 'a ")" is missing; "|" stands behind the parentheses, or in a ${…} of its own'],
  ['${(a as ) + 1}', 9, 'a type is missing after "as"'],
  ['${(a as json).}', 15, 'a name is missing after "."'],
  ['${a)}', 4, '")" was not expected here'],
  ['${()}', 4, '")" was not expected here'],
  ['${1 +}', 6, '"}" was not expected here'],
  ['${* 2}', 3, '"*" was not expected here'],
  ['${1 + + 2}', 7, '"+" was not expected here'],
  ['${1.}', 4, '"." was not expected here'],
  ['${1e400}', 3, '1e400 is too large for a number'],
  ['${a | -1e999}', 7, '-1e999 is too large for a number'],
]

describe('a mistake in a template', () => {
  test.each(MISTAKES)('in %j stands in column %i', (template, column, message) => {
    let thrown: unknown
    try {
      parseTemplate(template)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(TemplateSyntaxError)
    expect(thrown).toMatchObject({ name: 'TemplateSyntaxError', column })
    const shown = `(column ${column} of ${JSON.stringify(template)})`
    expect((thrown as TemplateSyntaxError).message).toMatch(new RegExp(`^${escape(message)}.*${escape(shown)}$`, 's'))
  })

  test('is an ERR_TEMPLATE that says so', () => {
    expect(refusal({ a: ['${'] })).toBe('Broken template: a "}" is missing (column 3 of "${")')
  })

  test('is shown without the rest of a long text', () => {
    const message = refusal(`\${a b}${'x'.repeat(10_000)}`)
    expect(message).toContain('column 5')
    expect(message.length).toBeLessThan(250)
  })
})

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
