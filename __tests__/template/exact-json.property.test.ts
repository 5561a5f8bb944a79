import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { parseJson } from '../../lib/template/exact-json'

/** Parses as `JSON.parse` does; undefined for what is broken. */
function orBroken(parse: (text: string) => unknown, text: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError)
    return undefined
  }
}

const PIECES = [
  '12345678901234567890',
  '-9007199254740993',
  '1e400',
  '1',
  '"',
  '\\',
  ':',
  ',',
  '[',
  ']',
  '{',
  '}',
  ' ',
  '"a"',
  '.',
  '-',
  '0',
  '\n',
  'e',
]

describe('any text', () => {
  test('is broken for both, or for neither', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }), (pieces) => {
        const text = pieces.join('')
        expect(orBroken(parseJson, text) === undefined).toBe(orBroken(JSON.parse, text) === undefined)
      }),
      { numRuns: 20_000 },
    )
  })
})

describe('any JSON value', () => {
  test('without large numbers is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!/\d{16}/.test(text))
        expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  test('keeps all digits of every integer, wherever it stands', () => {
    const integer = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n })
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        integer.map(String),
        fc.string().map((text) => JSON.stringify(text)),
        tie('list'),
        tie('mapping'),
      ),
      list: fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
      mapping: fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }).map(
        (fields) =>
          `{${Object.entries(fields)
            .map(([key, value]) => `${JSON.stringify(key)} : ${String(value)}`)
            .join()}}`,
      ),
    })).value
    fc.assert(
      fc.property(tree, (written) => {
        const text = String(written)
        const digits = (value: unknown): string[] =>
          typeof value === 'object' && value !== null ? Object.values(value).flatMap(digits) : [String(value)]
        const plain: unknown = JSON.parse(
          text.replaceAll(/("(?:[^"\\]|\\.)*")|(-?\d+)/g, (_all, quoted, number) => quoted ?? `"${number}"`),
        )
        expect(digits(parseJson(text))).toEqual(digits(plain))
      }),
    )
  })
})
