import { describe, expect, test } from '@jest/globals'
import { findNearest, measureDistance } from '../../lib/base/values/nearest'

describe('the distance of two words', () => {
  test.each([
    ['', '', 0],
    ['path', 'path', 0],
    ['', 'path', 4],
    ['pth', 'path', 1],
    ['paath', 'path', 1],
    ['psth', 'path', 1],
    ['ptah', 'path', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
  ])('from "%s" to "%s" is %i', (from, to, distance) => {
    expect(measureDistance(from, to)).toBe(distance)
    expect(measureDistance(to, from)).toBe(distance)
  })
})

describe('the nearest word', () => {
  const KEYS = ['identify_by', 'success_when', 'fail_when', 'path', 'method', 'port', 'id']

  test.each([
    ['identfy_by', 'identify_by'],
    ['identifyBy', 'identify_by'],
    ['Identify-By', 'identify_by'],
    ['sucess_when', 'success_when'],
    ['pat', 'path'],
    ['ptah', 'path'],
    ['prot', 'port'],
    ['di', 'id'],
  ])('for "%s" is "%s"', (word, nearest) => {
    expect(findNearest(word, KEYS)).toBe(nearest)
  })

  test.each(['zzz', 'completely_different', '', 'constructor'])('for "%s" is none', (word) => {
    expect(findNearest(word, KEYS)).toBeUndefined()
  })

  test('is found in no time for a word of any length', () => {
    expect(findNearest('x'.repeat(1_000_000), KEYS)).toBeUndefined()
  })
})
