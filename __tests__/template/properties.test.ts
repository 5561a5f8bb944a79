import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { compileTemplate } from '../../lib/template/compile'
import { parseTemplate } from '../../lib/template/parse'
import { TemplateSyntaxError } from '../../lib/template/scanner'
import { render } from './render'

/** Text that looks like a template more often than arbitrary text does. */
const FRAGMENTS = [
  ...'${ $${ } { | ( ) [ ] [*] [0] [-1] [1:2] [::2] [0,1] .. . " \' \\ a body header gateway:8090 .id ["k"]'.split(' '),
  ...'integer list [] + - * / % 5 -0.5 1e400 true null ? (@.x) , : $ 😀 é'.split(' '),
  ' ',
  ' | ',
  ' as ',
  ' - ',
  '\n',
  '\ud83d',
]
const fragments = fc
  .array(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...FRAGMENTS) }, fc.string({ unit: 'grapheme' })), {
    maxLength: 40,
  })
  .map((parts) => parts.join(''))

const NASTY = ['', ' ', ...'__proto__ constructor toString length 0 -1 ${a} " \' \\ ] a.b $'.split(' ')]
const keys = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))

/** JSON as a sender could write it, with own keys that other code takes for prototypes. */
const json = fc
  .json({ stringUnit: 'binary' })
  .map((text): unknown => JSON.parse(text))
  .chain((value) =>
    fc.constantFrom<unknown>(value, [value], JSON.parse(JSON.stringify({ value, __x: 1 }).replace('__x', '__proto__'))),
  )

function quote(key: string, mark: '"' | "'"): string {
  return mark + key.replaceAll('\\', '\\\\').replaceAll(mark, `\\${mark}`) + mark
}

/** A mapping with one own key, whatever it is called. */
function wrap(key: string, value: unknown): object {
  return Object.defineProperty({}, key, { value, enumerable: true })
}

describe('for any text', () => {
  test('parsing gives a tree or a TemplateSyntaxError, whose column lies in the text', () => {
    fc.assert(
      fc.property(fragments, (text) => {
        try {
          parseTemplate(text)
        } catch (error) {
          expect(error).toBeInstanceOf(TemplateSyntaxError)
          const { column } = error as TemplateSyntaxError
          expect(column).toBeGreaterThanOrEqual(1)
          expect(column).toBeLessThanOrEqual(text.length + 1)
        }
      }),
      { numRuns: 5000 },
    )
  })

  test('rendering gives a value or an ERR_TEMPLATE, whatever the sources hold', () => {
    fc.assert(
      fc.property(fragments, json, (text, body) => {
        try {
          render(`\${${text}}`, { body, a: body, header: body })
        } catch (error) {
          expect(error).toMatchObject({ name: 'CallbackError', code: 'ERR_TEMPLATE' })
        }
      }),
      { numRuns: 5000 },
    )
  })

  test('without "${" it renders to itself, and with "$${" it renders to what was meant', () => {
    fc.assert(
      fc.property(fragments, (text) => {
        const plain = text.replaceAll(/\$+\{/g, '{')
        expect(render(plain, { a: 1 })).toBe(plain)
        expect(render(`${plain} $\${a}`, { a: 1 })).toBe(`${plain} \${a}`)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('for any JSON', () => {
  test('a value comes back as it was put at a path, whatever its keys are called', () => {
    fc.assert(
      fc.property(json, keys, keys, fc.constantFrom('"' as const, "'" as const), (value, first, second, mark) => {
        const scope = { a: wrap(first, wrap(second, value)) }
        const path = `a[${quote(first, mark)}][${quote(second, '"')}]`
        expect(render(`\${${path}}`, scope)).toBe(value)
        expect(render({ list: [`\${ ${path} | ${quote(second, mark)} }`] }, scope)).toEqual({ list: [value ?? second] })
      }),
      { numRuns: 2000 },
    )
  })

  test('a text in quotes comes back as it was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('"' as const, "'" as const), (text, mark) => {
        expect(render(`\${${quote(text, mark)}}`)).toBe(text)
        expect(render(`\${missing | ${quote(text, mark)}}`)).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  test('what a value says never changes how it is rendered', () => {
    fc.assert(
      fc.property(fragments, json, (text, value) => {
        const scope = { a: text, b: value, secret: 'do not read' }
        expect(render('${a}', scope)).toBe(text)
        expect(render('<${a}>${a}', scope)).toBe(`<${text}>${text}`)
        expect(render('${missing | ${a}}', scope)).toBe(text)
        expect(render('${b}', scope)).toBe(value)
      }),
      { numRuns: 2000 },
    )
  })

  test('a compiled path reads what a plain walk over own properties finds', () => {
    const step = fc.oneof(keys, fc.integer({ min: -3, max: 3 }))
    fc.assert(
      fc.property(fc.json().map(parse), fc.array(step, { maxLength: 6 }), fc.nat(), (body, steps, seed) => {
        const path = steps.map((one, index) => choose(one, body, steps.slice(0, index), seed))
        const text = path.map((one) => `[${typeof one === 'number' ? one : quote(one, '"')}]`).join('')
        const template = compileTemplate(`\${body${text}}`, { at: 'template' })
        expect(template.render({ body })).toBe(walk(body, path) ?? null)
        expect(template.references).toStrictEqual([{ source: 'body', path, hasDefault: false, isQuery: false }])
      }),
      { numRuns: 5000 },
    )
  })
})

function parse(text: string): unknown {
  return JSON.parse(text)
}

/** Takes a key that is there about every other time, so that walks lead deep. */
function choose(step: string | number, body: unknown, before: (string | number)[], seed: number): string | number {
  const here = walk(body, before)
  const names = typeof here === 'object' && here !== null && !Array.isArray(here) ? Object.keys(here) : []
  return (seed + before.length) % 2 === 0 ? (names[seed % Math.max(names.length, 1)] ?? step) : step
}

function walk(value: unknown, path: readonly (string | number)[]): unknown {
  let current = value
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return undefined
    const key = Array.isArray(current) && typeof step === 'number' && step < 0 ? current.length + step : step
    current = Object.getOwnPropertyDescriptor(current, key)?.value
  }
  return current
}
