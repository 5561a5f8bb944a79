import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { useVerify } from '../verify/use-verify'

const secret = 'a secret of the tests'
const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const LONG = 200_000

const inBody = useVerify({
  scheme: 'hmac',
  secret,
  signature: '${body.signature}',
  signed: '${body.time}${body.token}',
})

function sign(text: string, algorithm = 'sha256', encoding: 'hex' | 'base64' = 'hex'): string {
  return createHmac(algorithm, secret).update(text).digest(encoding)
}

/** Whether a sender is verified in turns, and what came of it. */
async function verdictOf(verify: () => void | Promise<void>): Promise<readonly [isInTurns: boolean, refusal: string]> {
  let isInTurns = false
  try {
    const verifying = verify()
    isInTurns = verifying !== undefined
    await verifying
    return [isInTurns, '']
  } catch (error) {
    return [isInTurns, error instanceof Error ? error.message : String(error)]
  }
}

describe('a body that proof is read from is parsed in turns when it is long', () => {
  const proof = { time: '1', token: 'a', signature: sign('1a') }
  const long = { ...proof, rest: 'x'.repeat(LONG) }
  const lie = { ...long, token: 'b' }
  const noSecret = 'no secret fits'
  test.each<[string, string, string, boolean, string]>([
    ['short JSON', JSON_TYPE, JSON.stringify(proof), false, ''],
    ['long JSON', JSON_TYPE, JSON.stringify(long), true, ''],
    ['long JSON that lies', JSON_TYPE, JSON.stringify(lie), true, noSecret],
    ['long JSON with another label', FORM, JSON.stringify(long), true, ''],
    ['long JSON that is cut off', JSON_TYPE, `{"a":"${'x'.repeat(LONG)}}`, true, 'cannot be parsed'],
    ['long JSON that is broken within', JSON_TYPE, `{"a":"${'x'.repeat(LONG)}",}`, true, 'cannot be parsed'],
    ['JSON too deep', JSON_TYPE, '['.repeat(LONG) + ']'.repeat(LONG), true, 'cannot be parsed'],
    ['a short form', FORM, String(new URLSearchParams(proof)), false, ''],
    ['a long form', FORM, String(new URLSearchParams(long)), true, ''],
    ['a long form that lies', FORM, String(new URLSearchParams(lie)), true, noSecret],
    ['a form of too many fields', FORM, 'a&'.repeat(300_000), true, 'cannot be parsed'],
  ])('%s', async (_what, type, raw, isInTurns, refusal) => {
    const verdict = await verdictOf(() => inBody.verify({ raw, headers: { 'content-type': type } }))
    expect(verdict).toEqual([isInTurns, refusal === '' ? '' : expect.stringContaining(refusal)])
  })

  test('for a token, too', async () => {
    const { verify } = useVerify({ scheme: 'token', secret, signature: '${body.token}' })
    const sent = (token: string) =>
      verify({ raw: JSON.stringify({ token, rest: 'x'.repeat(LONG) }), headers: { 'content-type': JSON_TYPE } })
    expect(await verdictOf(() => sent(secret))).toEqual([true, ''])
    expect(await verdictOf(() => sent('a guess'))).toEqual([true, expect.stringContaining('no secret')])
  })
})

describe("Twilio's form", () => {
  const { verify } = useVerify({ scheme: 'twilio', secret })
  const sent = (raw: string, signed: string) =>
    verify({
      raw,
      headers: {
        'content-type': FORM,
        'x-twilio-signature': sign(`https://example.com/done${signed}`, 'sha1', 'base64'),
      },
    })

  test.each<[string, string, string, boolean, string]>([
    ['is verified at once when it is short', 'Body=a&To=b', 'BodyaTob', false, ''],
    ['is verified in turns when it is long', `Body=${'a'.repeat(LONG)}`, `Body${'a'.repeat(LONG)}`, true, ''],
    ['may not have more fields than Twilio sends', 'a=1&'.repeat(2001), 'a1', false, 'more than 2000 fields'],
    [
      'nor under other names',
      Array.from({ length: 2002 }, (_, at) => `k${at}`).join('&'),
      '',
      false,
      'more than 2000 fields',
    ],
    [
      'nor as JSON',
      JSON.stringify(Object.fromEntries(Array.from({ length: 2002 }, (_, at) => [`k${at}`, '']))),
      '',
      false,
      'more than 2000 fields',
    ],
    ['is no list of JSON', '["a"]', '0a', false, 'its body is no form'],
  ])('%s', async (_what, raw, signed, isInTurns, refusal) => {
    expect(await verdictOf(() => sent(raw, signed))).toEqual([
      isInTurns,
      refusal === '' ? '' : expect.stringContaining(refusal),
    ])
  })
})
