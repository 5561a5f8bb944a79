import { describe, expect, test } from '@jest/globals'
import { refusal, render } from './render'

const scope = {
  a: 7,
  b: 2,
  text: '3.5',
  padded: ' 4 ',
  word: 'abc',
  list: [1, 2, 3],
  mapping: {},
  yes: true,
  nothing: null,
  'in-stock': 10,
  total: { 'net-sum': 100, tax: '19' },
}

describe('arithmetic', () => {
  test.each([
    ['${1 + 2}', 3],
    ['${1+2}', 3],
    ['${2 + 3 * 4}', 14],
    ['${2 * 3 + 4}', 10],
    ['${(2 + 3) * 4}', 20],
    ['${((2) + (3)) * (4)}', 20],
    ['${2 * (3 + 4) * 5}', 70],
    ['${10 - 4 - 3}', 3],
    ['${10 - (4 - 3)}', 9],
    ['${100 / 10 / 5}', 2],
    ['${100 / (10 / 5)}', 50],
    ['${17 % 5}', 2],
    ['${2 * 17 % 5}', 4],
    ['${-3 + 1}', -2],
    ['${1 - -3}', 4],
    ['${1.5e1 / 2}', 7.5],
    ['${ ( 1 + 2 ) }', 3],
    ['${1\n+\n2}', 3],
  ])('of numbers: %s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })

  test.each([
    ['${a + b}', 9],
    ['${a+b}', 9],
    ['${a*b}', 14],
    ['${a/b}', 3.5],
    ['${a%b}', 1],
    ['${a - b}', 5],
    ['${text + 1}', 4.5],
    ['${padded * padded}', 16],
    ['${"2" + "3"}', 5],
    ['${".5" * 2}', 1],
    ['${"1e2" + 0}', 100],
    ['${in-stock - b}', 8],
    ['${total.net-sum + total.tax}', 119],
    ['${list[0] + list[-1]}', 4],
    ['${list.length - 1}', 2],
    ['${list[1]+1}', 3],
    ['${${a} + ${text as number}}', 10.5],
    ['${${nothing | 1} + 1}', 2],
    ['${a + b as text}', '9'],
    ['${a / 3 as integer}', 2],
    ['n=${a * b}px', 'n=14px'],
  ])('of what is read: %s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })

  test.each([
    '${missing + 1}',
    '${1 - missing}',
    '${nothing * nothing}',
    '${missing / 0}',
    '${1 + 2 * missing}',
    '${missing + word}',
    '${word + missing}',
    '${null + 1}',
  ])('with a missing operand gives null: %s', (template) => {
    expect(render(template, scope)).toBeNull()
  })

  test('with a missing operand has a default', () => {
    expect(render('${missing + 1 | 5}', scope)).toBe(5)
    expect(render('${a + 1 | 5}', scope)).toBe(8)
  })

  test.each([
    ['${word + 1}', '${word} is "abc", which is no number'],
    ['${1 + word}', '${word} is "abc", which is no number'],
    ['${total.tax * word}', '${word} is "abc", which is no number'],
    ['${list + 1}', '${list} is [1,2,3], which is no number'],
    ['${mapping - 1}', '${mapping} is {}, which is no number'],
    ['${yes + 1}', '${yes} is true, which is no number'],
    ['${"" + 1}', '"" is "", which is no number'],
    ['${"0x10" + 1}', '"0x10" is "0x10", which is no number'],
    ['${"Infinity" * 1}', '"Infinity" is "Infinity", which is no number'],
    ['${"1 2" * 1}', '"1 2" is "1 2", which is no number'],
    ['${${word} + 1}', '${word} is "abc", which is no number'],
    ['${total["net-sum"] + list[9:]}', '${list[9:]} is [], which is no number'],
  ])('refuses what is no number and names it: %s', (template, expected) => {
    expect(refusal(template, scope)).toContain(expected)
  })

  test.each([
    ['${a / 0}', '${a} / 0 has no finite result'],
    ['${0 / 0}', '0 / 0 has no finite result'],
    ['${a % 0}', '${a} % 0 has no finite result'],
    ['${1e308 * 10}', '1e+308 * 10 has no finite result'],
    ['${a / (b - 2)}', 'has no finite result'],
  ])('refuses a result that is not finite: %s', (template, expected) => {
    expect(refusal(template, scope)).toContain(expected)
  })
})

describe('a minus', () => {
  test.each([
    ['${a -b}', 'column 6'],
    ['${a -1}', 'column 6'],
    ['${5-3}', 'column 5'],
    ['${5 -3}', 'column 6'],
    ['${a- 1}', 'column 6'],
    ['${a.b-\t1}', 'column 8'],
    ['${list[0]-1}', 'column 11'],
    ['${(a)-(b)}', 'column 7'],
    ['${"5"-"3"}', 'column 7'],
    ['${"5"- "3" -1}', 'column 13'],
    ['${a["x"]-1}', 'column 10'],
  ])('without a space on both sides is refused with advice: %s', (template, column) => {
    const message = refusal(template, scope)
    expect(message).toContain(
      'a minus between two values needs a space on both sides, since names may contain "-" (' + column,
    )
  })

  test('belongs to the name when there are no spaces at all', () => {
    expect(render('${in-stock}', scope)).toBe(10)
    expect(render('${a-b}', scope)).toBeNull()
    expect(render('${a-b}', { 'a-b': 1 })).toBe(1)
  })

  test('before a name is refused, since only numbers have a sign', () => {
    expect(refusal('${-a}', scope)).toContain('"-" was not expected here (column 3')
    expect(refusal('${1 + -a}', scope)).toContain('"-" was not expected here (column 7')
  })
})
