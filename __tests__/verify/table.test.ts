import { describe, expect, test } from '@jest/globals'
import { SCHEMES, VERIFY_SCHEMES } from '../../lib/verify/schemes'
import { coverageOf } from '../../lib/verify/verify'
import { specOf } from './use-verify'

/** The facts that other rooms derive from the table, as the vendors' pages have them. */
const SIGNS_URL: ReadonlySet<string> = new Set(['hubspot', 'square', 'twilio'])
const PUBLISHES_KEYS: ReadonlySet<string> = new Set(['fal', 'sns'])
const HANDSHAKES: ReadonlySet<string> = new Set(['discord', 'meta', 'slack', 'sns', 'zoom'])

describe.each(VERIFY_SCHEMES)('the row of %s', (scheme) => {
  const row = SCHEMES[scheme]
  const verify = row.needsSecret ? { scheme, secret: 'a:b' } : { scheme }

  test('names the page that it was written by', () => {
    expect(row.page).toMatch(/^https:\/\/[a-z\d.-]+\/\S+$/)
  })

  test('decides what is derived from it', () => {
    expect(row.needsSecret).toBe(!PUBLISHES_KEYS.has(scheme))
    expect(coverageOf(specOf(verify)).url).toBe(SIGNS_URL.has(scheme))
    expect(row.handshake).toBe(HANDSHAKES.has(scheme) ? scheme : undefined)
  })

  test('decides whether a config may leave out the secret', () => {
    if (row.needsSecret) expect(() => specOf(scheme)).toThrow('cannot be verified without a secret')
    else expect(specOf(scheme).secrets).toEqual([])
  })
})
