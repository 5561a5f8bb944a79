import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { VERIFY_SCHEMES } from '../../lib/config/words'
import { NOW_S, useVerify } from './use-verify'

const REFUSED = expect.stringMatching(/^The sender is not verified: /)
const DISCORD_KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
const SENDGRID_KEY =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=='

function secretOf(scheme: string): string {
  if (scheme === 'discord' || scheme === 'ed25519') return DISCORD_KEY
  if (scheme === 'sendgrid') return SENDGRID_KEY
  return scheme === 'basic' ? 'user:password' : 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
}

const NAMES = [
  'authorization x-signature webhook-id webhook-timestamp webhook-signature svix-id svix-timestamp svix-signature',
  'x-hub-signature x-hub-signature-256 stripe-signature mux-signature paddle-signature sanity-webhook-signature',
  'x-slack-signature x-slack-request-timestamp x-zm-signature x-zm-request-timestamp x-signature-ed25519',
  'x-signature-timestamp x-shopify-hmac-sha256 x-line-signature x-razorpay-signature x-twilio-signature',
  'x-square-hmacsha256-signature x-gitlab-token x-twilio-email-event-webhook-signature content-type',
  'x-twilio-email-event-webhook-timestamp',
].flatMap((line) => line.split(' '))

const PIECES = [
  't=',
  'ts=',
  'v1=',
  'h1=',
  'v1,',
  'v1a,',
  ',',
  ';',
  ' ',
  '=',
  'v0=',
  'sha256=',
  'Basic ',
  'Bearer ',
  '$&',
  'NaN',
]

const headerText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...PIECES, String(NOW_S), '0'.repeat(64), 'A'.repeat(88)),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.base64String({ maxLength: 90 }),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join(''))

const signing = VERIFY_SCHEMES.filter((scheme) => scheme !== 'fal')

describe('whatever stands in the headers is refused, and nothing else happens', () => {
  test.each(signing)('%s', (scheme) => {
    const needsHeader = scheme === 'hmac' || scheme === 'ed25519'
    const signature = needsHeader ? { signature: '${header.X-Signature}' } : {}
    const { refusal } = useVerify({ scheme, secret: secretOf(scheme), ...signature })
    fc.assert(
      fc.property(
        fc.tuple(...NAMES.map(() => fc.option(headerText, { freq: 20, nil: undefined }))),
        fc.uint8Array({ maxLength: 50 }),
        (texts, body) => {
          const present = NAMES.flatMap((name, index) =>
            texts[index] === undefined ? [] : [[name, texts[index]] as const],
          )
          expect(refusal({ headers: Object.fromEntries(present), raw: Buffer.from(body) })).toEqual(REFUSED)
        },
      ),
      { numRuns: 200 },
    )
  })
})
