import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { readRetryAfter } from '../../lib/http/answer-headers'

const NOW = Date.UTC(2026, 0, 1)
const read = (value: string): number | undefined => readRetryAfter({ 'retry-after': value }, NOW)

test('any text is a pause that is not negative, or none', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.double().map(String),
    fc.date().map(String),
    fc.stringMatching(/^(Mon|Tue|Sunday),? [\d :-]{0,30}( GMT)?$/),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const pauseMs = read(text)
      expect(pauseMs === undefined || pauseMs >= 0).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('whole seconds and dates are what they say', () => {
  fc.assert(
    fc.property(fc.nat(), (seconds) => {
      expect(read(String(seconds))).toBe(seconds * 1000)
      expect(read(new Date(NOW + seconds * 1000).toUTCString())).toBe(seconds * 1000)
      expect(read(new Date(NOW - seconds * 1000).toUTCString())).toBe(0)
    }),
  )
})
