import { describe, expect, test } from '@jest/globals'
import { refusal, render } from './render'

const DEEP = 10_000

function nest(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = '${a}'
  for (let level = 0; level < depth; level += 1) value = wrap(value)
  return value
}

describe('a text nested 10,000 deep is refused', () => {
  test.each([
    ['placeholders', '${'.repeat(DEEP), 'placeholders are nested deeper than 50'],
    ['closed placeholders', `${'${'.repeat(DEEP)}a${'}'.repeat(DEEP)}`, 'placeholders are nested deeper than 50'],
    ['defaults in defaults', `${'${a | '.repeat(DEEP)}1${'}'.repeat(DEEP)}`, 'placeholders are nested deeper than 50'],
    ['texts in defaults', `${'${a | x'.repeat(DEEP)}1${'}'.repeat(DEEP)}`, 'placeholders are nested deeper than 50'],
    ['parentheses', `\${${'('.repeat(DEEP)}1${')'.repeat(DEEP)}}`, 'parentheses are nested deeper than 50'],
    ['defaults in a row', `\${a${' | ${a}'.repeat(DEEP)}}`, 'more than 50 defaults stand in a row'],
    ['a long sum', `\${1${' + 1'.repeat(DEEP)}}`, 'more than 50 operators stand in a row'],
    ['a long product', `\${1${' * 1'.repeat(DEEP)}}`, 'more than 50 operators stand in a row'],
    ['indexes', `\${a${'[0]'.repeat(DEEP)}}`, 'a path has at most 100 steps'],
    ['names', `\${a${'.a'.repeat(DEEP)}}`, 'a path has at most 100 steps'],
    ['elements', `\${a${'[*]'.repeat(DEEP)}}`, 'a path has at most 100 steps'],
    ['descents', `\${a${'..b'.repeat(DEEP)}}`, 'a path has at most 100 steps'],
  ])('when it is made of %s', (_name, template, message) => {
    const refused = refusal(template, { a: {} })
    expect(refused).toContain(message)
    expect(refused).toMatch(/\(column \d+ of /)
  })

  test.each([
    ['braces', '{'.repeat(DEEP)],
    ['dollars', '$'.repeat(DEEP)],
    ['closing braces', '}'.repeat(DEEP)],
  ])('but not when it is only text: %s', (_name, text) => {
    expect(render(text)).toBe(text)
  })

  test('but not when it is only long', () => {
    expect(render('${a}-'.repeat(DEEP), { a: 1 })).toBe('1-'.repeat(DEEP))
    expect(render(`\${b | ${'{'.repeat(DEEP)}${'}'.repeat(DEEP)}}`)).toHaveLength(2 * DEEP)
  })
})

describe('what is nested within reason works', () => {
  test.each([
    ['50 placeholders', `${'${'.repeat(50)}a${'}'.repeat(50)}`, 7],
    ['40 parentheses', `\${${'('.repeat(40)}a${')'.repeat(40)}}`, 7],
    ['50 defaults', `\${b${' | ${b}'.repeat(49)} | 7}`, 7],
    ['50 operators', `\${a${' + 1'.repeat(50)}}`, 57],
  ])('%s', (_name, template, expected) => {
    expect(render(template, { a: 7 })).toBe(expected)
  })

  test('a path of 100 steps', () => {
    const value = nest(100, (inner) => ({ k: inner }))
    expect(render(`\${a${'.k'.repeat(100)}}`, { a: value })).toBe('${a}')
  })

  test('a structure of 100 levels', () => {
    const rendered = render(
      nest(100, (inner) => [inner]),
      { a: 7 },
    )
    expect(JSON.stringify(rendered)).toBe(`${'['.repeat(100)}7${']'.repeat(100)}`)
  })
})

describe('a structure nested 10,000 deep is refused', () => {
  test.each([
    ['lists', nest(DEEP, (inner) => [inner])],
    ['mappings', nest(DEEP, (inner) => ({ k: inner }))],
  ])('when it is made of %s', (_name, template) => {
    expect(refusal(template)).toBe('The template is nested deeper than 100')
  })

  test('and so is one that holds itself', () => {
    const circle: Record<string, unknown> = { a: '${a}' }
    circle['self'] = [circle]
    expect(refusal(circle)).toBe('The template is nested deeper than 100')
  })
})
