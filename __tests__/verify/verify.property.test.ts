import { afterAll, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { FUZZ_MS, runs } from '../helpers/fuzz'
import { SCHEMES, VERIFY_SCHEMES, type VerifyScheme } from '../../lib/verify/schemes'
import { closeOctokit } from './octokit'
import { OFFICIAL_SENDERS } from './official-senders'
import { NOW_S, useVerify } from './use-verify'

const REFUSED = expect.stringMatching(/^The sender is not verified: /)
const DISCORD_KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
const SENDGRID_KEY =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=='

function secretOf(scheme: VerifyScheme): string {
  if (scheme === 'discord' || scheme === 'ed25519') return DISCORD_KEY
  if (scheme === 'sendgrid') return SENDGRID_KEY
  if (scheme === 'telnyx') return Buffer.from(DISCORD_KEY, 'hex').toString('base64')
  if (scheme === 'adyen') return DISCORD_KEY
  const prefix = SCHEMES[scheme].form?.keys === 'standard' ? 'whsec_' : ''
  return scheme === 'basic' ? 'user:password' : `${prefix}MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`
}

/** The headers that all schemes read. */
const NAMES = [
  ...new Set([
    'authorization',
    'x-signature',
    'content-type',
    'x-twilio-signature',
    'x-gitlab-token',
    'x-vapi-secret',
    'x-telegram-bot-api-secret-token',
    'x-fal-webhook-request-id',
    'x-fal-webhook-user-id',
    ...VERIFY_SCHEMES.flatMap((scheme) => {
      const { signature = [], otherSignatures = [], timestamp = [], id = [] } = SCHEMES[scheme].form ?? {}
      return [...signature, ...otherSignatures, ...timestamp, ...id]
    }),
  ]),
]

const PIECES = [
  't=',
  'ts=',
  'v=',
  'd=',
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
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(''))

const headers = fc
  .tuple(...NAMES.map(() => fc.option(headerText, { freq: 20, nil: undefined })))
  .map((texts) => NAMES.flatMap((name, index) => (texts[index] === undefined ? [] : [[name, texts[index]] as const])))
  .map((present): Record<string, string> => Object.fromEntries(present))
const bodies = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes))

// What proves the others stands in the body, or is fetched.
const signing = VERIFY_SCHEMES.filter((scheme) => !['fal', 'sns'].includes(scheme))

describe('whatever stands in the headers is refused, and nothing else happens', () => {
  test.each(signing)(
    '%s',
    (scheme) => {
      const needsHeader = scheme === 'hmac' || scheme === 'ed25519'
      const signature = needsHeader ? { signature: '${header.X-Signature}' } : {}
      const { refusal } = useVerify({ scheme, secret: secretOf(scheme), ...signature })
      fc.assert(
        fc.property(headers, bodies, (sent, raw) => expect(refusal({ headers: sent, raw })).toEqual(REFUSED)),
        { numRuns: runs(60) },
      )
    },
    FUZZ_MS,
  )

  test(
    'fal',
    async () => {
      const keys = [{ kty: 'OKP', crv: 'Ed25519', x: Buffer.from(DISCORD_KEY, 'hex').toString('base64url') }]
      const { verify } = useVerify({ scheme: 'fal' }, { fetch: async () => Response.json({ keys }) })
      const signature = fc.constantFrom('0'.repeat(128), 'f'.repeat(128), 'é'.repeat(64))
      await fc.assert(
        fc.asyncProperty(headers, signature, fc.boolean(), bodies, async (sent, text, isForm, raw) => {
          const formed = { 'x-fal-webhook-signature': text, 'x-fal-webhook-timestamp': String(NOW_S) }
          const refused = (async () => verify({ headers: { ...sent, ...(isForm && formed) }, raw }))()
          await expect(refused).rejects.toMatchObject({ code: 'ERR_UNVERIFIED', message: REFUSED })
        }),
        { numRuns: runs(60) },
      )
    },
    FUZZ_MS,
  )
})

/** Changes of a text at a place that is a fraction of it. */
const edits = fc
  .array(
    fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.nat({ max: 3 }),
      fc.oneof(fc.constantFrom(...PIECES, '', String(NOW_S)), fc.string({ unit: 'binary', maxLength: 3 })),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) => (text: string) => list.reduce((edited, edit) => splice(edited, ...edit), text))

function splice(text: string, at: number, length: number, piece: string): string {
  const start = Math.floor(at * (text.length + 1))
  return text.slice(0, start) + piece + text.slice(start + length)
}

describe('a good signature whose headers are edited', () => {
  afterAll(closeOctokit)

  test.each(OFFICIAL_SENDERS)(
    'of $name counts only if it is still there, and never for another body',
    async (sender) => {
      const { refusal } = useVerify(sender.verify)
      const sent = await sender.sign('a=1', NOW_S)
      const [good = ''] = String(sent.headers?.[sender.signature]).match(/[\w+/-]{27,}(?==*$)/) ?? []
      expect(good).not.toBe('')
      const names = Object.keys(sent.headers ?? {}).filter((name) => name !== 'content-type')
      fc.assert(
        fc.property(fc.constantFrom(...names), edits, (name, edit) => {
          const edited = { ...sent, headers: { ...sent.headers, [name]: edit(String(sent.headers?.[name])) } }
          expect(refusal({ ...edited, raw: 'a=2' })).toEqual(REFUSED)
          if (refusal(edited) === undefined) expect(edited.headers[sender.signature]).toContain(good)
        }),
        { numRuns: runs(60) },
      )
    },
    FUZZ_MS,
  )
})
