import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { type Sent, useVerify } from './use-verify'

interface Vector {
  readonly id: string
  readonly provider: string
  readonly secret: string
  readonly headers: Readonly<Record<string, string>>
  readonly rawBody: string
  readonly url?: string
  /** Unix seconds. */
  readonly now?: number
  readonly valid: boolean
}

/** Each names its source: what a vendor documents, or what its own package signed or accepts. */
const vectors: Vector[] = ['signatures.json', 'vendors.json'].flatMap((file) => {
  return JSON.parse(readFileSync(join(__dirname, '../fixtures', file), 'utf8'))
})
const valid = vectors.filter((vector) => vector.valid)
/** A token says nothing of the body. */
const TOKENS = new Set(['gitlab-token', 'telegram', 'vapi'])
const signing = valid.filter(({ id }) => !TOKENS.has(id))

function open({ provider, secret, now, url }: Vector): (sent: Sent) => string | undefined {
  const settings = { ...(now === undefined ? {} : { now }), ...(url === undefined ? {} : { publicUrl: url }) }
  return useVerify({ scheme: provider, secret }, settings).refusal
}

describe('the signatures from outside', () => {
  test('are all there', () => {
    expect([vectors.length, valid.length]).toEqual([91, 68])
  })

  test.each(vectors)('$id', (vector) => {
    const refusal = open(vector)({ headers: vector.headers, raw: vector.rawBody })
    expect(refusal === undefined).toBe(vector.valid)
    expect(refusal ?? '').not.toContain(vector.secret)
  })
})

/** What is not the one good signature: other signatures that come along may be anything. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  'stripe-potato-first': ['v1=potato'],
  'stdwh-multi-sig': [
    'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=',
    'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=',
  ],
}

/** The last bit, the case of a letter, and a byte that is no ASCII. */
const FLIPS = [0x01, 0x20, 0x80]

describe('a single byte that is changed is refused, wherever it stands', () => {
  test.each(signing)('in the body: $id', (vector) => {
    const refusal = open(vector)
    const body = Buffer.from(vector.rawBody)
    const step = body.length <= 200 ? 1 : 7
    for (let index = 0; index < body.length; index += step) {
      // "%2b" and "%2B" are the same form, and Twilio signs what a form says rather than its bytes.
      const flips = vector.provider === 'twilio' ? [0x01, 0x80] : FLIPS
      for (const flip of flips) {
        const raw = changed(body, index, flip)
        expect([vector.id, index, refusal({ headers: vector.headers, raw })]).toEqual([vector.id, index, REFUSED])
      }
    }
  })

  test.each(signing)('one more or less: $id', (vector) => {
    const refusal = open(vector)
    for (const raw of [
      `${vector.rawBody}x`,
      `x${vector.rawBody}`,
      vector.rawBody.slice(1),
      vector.rawBody.slice(0, -1),
    ])
      expect(refusal({ headers: vector.headers, raw })).toEqual(REFUSED)
  })

  test.each(valid)('in what the headers say of the sender: $id', (vector) => {
    const refusal = open(vector)
    const names = Object.keys(vector.headers).filter((name) => name.toLowerCase() !== 'content-type')
    expect(names).not.toEqual([])
    for (const name of names) {
      const text = vector.headers[name] ?? ''
      const exempt = exemptIn(text, OTHERS[vector.id] ?? [])
      for (let index = 0; index < text.length; index += 1) {
        if (exempt.has(index)) continue
        for (const flip of FLIPS) {
          const headers = { ...vector.headers, [name]: changed(Buffer.from(text), index, flip).toString('latin1') }
          expect([name, index, refusal({ headers, raw: vector.rawBody })]).toEqual([name, index, REFUSED])
        }
      }
    }
  })

  test.each(valid)('a header that is cut or grows: $id', (vector) => {
    const refusal = open(vector)
    for (const [name, text] of Object.entries(vector.headers)) {
      if (name.toLowerCase() === 'content-type' || vector.id in OTHERS) continue
      for (const other of [text.slice(1), text.slice(0, -3), `${text}a`, `${text}aa`, '']) {
        const headers = { ...vector.headers, [name]: other }
        expect([other, refusal({ headers, raw: vector.rawBody })]).toEqual([other, REFUSED])
      }
    }
  })

  test.each(valid)('a header that comes twice, the same or not: $id', (vector) => {
    const refusal = open(vector)
    for (const [name, text] of Object.entries(vector.headers)) {
      if (name.toLowerCase() === 'content-type') continue
      for (const lines of [
        [text, text],
        [text, 'x'],
        ['x', text],
      ]) {
        const headers = { ...vector.headers, [name]: lines }
        expect(refusal({ headers, raw: vector.rawBody })).toMatch(/comes twice$/)
      }
    }
  })

  test.each(valid)('another secret: $id', (vector) => {
    if (vector.provider === 'sendgrid' || vector.secret.startsWith('whpk_')) return
    const refusal = open({ ...vector, secret: otherSecret(vector) })
    expect(refusal({ headers: vector.headers, raw: vector.rawBody })).toEqual(REFUSED)
  })
})

const REFUSED = expect.stringMatching(/^The sender is not verified: /)

/** Public keys are points of a curve, so that hardly any other text is one. */
const OTHER_KEY = 'PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw='

function otherSecret({ provider, secret }: Vector): string {
  if (provider === 'telnyx') return OTHER_KEY
  return secret.replace(/^(whsec_|)(.)/, (_all, prefix: string, first: string) => prefix + (first === 'A' ? 'B' : 'A'))
}

function changed(bytes: Buffer, index: number, flip: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[index] = (copy[index] ?? 0) ^ flip
  return copy
}

function exemptIn(text: string, others: readonly string[]): ReadonlySet<number> {
  const exempt = new Set<number>()
  for (const other of others)
    for (let at = text.indexOf(other); at >= 0; at = text.indexOf(other, at + 1))
      for (let index = at; index < at + other.length; index += 1) exempt.add(index)
  return exempt
}
