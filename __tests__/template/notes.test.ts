import { describe, expect, test } from '@jest/globals'
import { compileTemplate } from '../../lib/template/compile'

const scope = { input: { prompt: 'a cat', count: '7', none: null }, env: { CHANNEL: 'C1' } }

describe('a note in a template', () => {
  test.each([
    ['${input.prompt @(description A prompt)}', 'a cat'],
    ['${input.prompt@(description A prompt)}', 'a cat'],
    ['${input.prompt as text @(description A prompt)}', 'a cat'],
    ['${input.prompt as text@(description A prompt)}', 'a cat'],
    ['${input.count as integer | 10 @(description How many)}', 7],
    ['${input.none as integer | 10 @(description How many)}', 10],
    ['${input.none | 10@(description How many)}', 10],
    ['${input.none | "ten" @(description "How many")}', 'ten'],
    ['${input.none | ${env.CHANNEL} @(description Channel to write to)}', 'C1'],
    ['${input.none | ${env.NONE | "x" @(description inner)} @(description outer)}', 'x'],
    ['${input.none | two words @(description How many)}', 'two words'],
    ['${input.none @(description How many) | 10}', 10],
    ['${input.prompt @(title Prompt) @(description A prompt)}', 'a cat'],
    ['${ input.prompt @(description A prompt) }', 'a cat'],
    ['<${input.prompt @(description A prompt)}>', '<a cat>'],
  ])('%s has no effect', (text, expected) => {
    expect(compileTemplate(text, { at: 'input' }).render(scope)).toEqual(expected)
  })

  test.each([
    ['nested parentheses', 'Controls randomness (0-2)'],
    ['parentheses in parentheses', 'f(g(x), h(y)) as in (a (b))'],
    ['a quoted parenthesis', 'a ")" or a "("'],
    ['a quoted text', '"What to draw :)"'],
    ['an apostrophe', "don't use (more) than one"],
    ['an apostrophe and a quoted parenthesis', 'it\'s ")" here'],
    ['a lone closing parenthesis', 'smile :) and go on'],
    ['a lone opening parenthesis', 'smile :( and go on'],
    ['an open quote', 'an inch is 1" or "so'],
    ['a brace', 'an object {a: 1} or a }'],
    ['a brace in parentheses', 'an object ({a: 1})'],
    ['a bar', 'a | b'],
    ['a type', 'a as text'],
    ['a dollar sign', '$5 or ${'],
    ['other letters', '한국어 (설명)'],
    ['nothing', ''],
    ['an at sign', 'mail me@example.org (at home)'],
  ])('may hold %s', (_, note) => {
    for (const fallback of ['', ' | 1', ' | "1"']) {
      const text = `<\${input.prompt${fallback} @(description ${note})}>`
      expect(compileTemplate(text, { at: 'input' }).render(scope)).toBe('<a cat>')
    }
  })

  test.each([
    ['${input.prompt @(description A prompt}', 'the closing ")" of "@(" is missing (column 16'],
    ['${input.none | 1 @(description}', 'the closing ")" of "@(" is missing (column 18'],
    ['${input.prompt @description}', '"@" was not expected here'],
    ['${@(description A prompt)}', '"@" was not expected here'],
  ])('%s is refused', (text, message) => {
    const problems: string[] = []
    compileTemplate(text, { at: 'input', report: (problem) => problems.push(problem.message) })
    expect(problems).toEqual([expect.stringContaining(message)])
  })

  test('of any length takes time that grows with its length alone', () => {
    const text = `\${input.prompt @(description ${'('.repeat(20_000)}${'"a '.repeat(20_000)})}`
    const start = performance.now()
    expect(compileTemplate(text, { at: 'input' }).render(scope)).toBe('a cat')
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('is text in quotes, outside of a placeholder, and behind $$', () => {
    expect(compileTemplate('@(x) ${input.none | "a @(b)"} $${a @(b)}', { at: 'input' }).render(scope)).toBe(
      '@(x) a @(b) ${a @(b)}',
    )
  })
})

describe('a type of other systems', () => {
  test.each([
    'image;base64',
    'image/png',
    'audio/pcm[sample_rate=24000,channels=1]',
    'audio/pcm[sample_rate=24000, channels=1];base64',
    'object[]/id,name',
    'select/alloy,echo,fable',
    'slider/0,2,0.1',
  ])('%s is warned of and changes nothing', (type) => {
    for (const rest of ['', ' | 1', ' @(description A (b))', ' | 1 @(description A)', '@(description A)']) {
      const warnings: string[] = []
      const template = compileTemplate(`\${input.prompt as ${type}${rest}}`, {
        at: 'input',
        warn: (problem) => warnings.push(problem.message),
      })
      expect(template.render(scope)).toBe('a cat')
      expect(warnings).toEqual([expect.stringContaining(type)])
    }
  })
})
