import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { afterAll, describe, expect, test } from '@jest/globals'
import { closeOctokit } from './octokit'
import { SIGNERS } from '../helpers/signers'
import type { SignOptions, UnsignedRequest } from '../../lib/verify/contract'
import { SCHEMES, VERIFY_SCHEMES } from '../../lib/verify/schemes'
import { compileSign, compileVerifyItem } from '../../lib/verify/verify'
import { OFFICIAL_SENDERS } from './official-senders'
import { NOW_S, type Sent, specOf, useVerify } from './use-verify'

const NOW = NOW_S * 1000
const SECRET = "It's a Secret to Everybody"
const STANDARD = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const RAW = '{"id":"7","text":"$& $$ ${raw} Zoë 🚀","n":12345678901234567890}'
const FORM = 'CallSid=CA123&MediaUrl=b&MediaUrl=a&Body=Zo%C3%AB+%26'
const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }

const ed25519 = generateKeyPairSync('ed25519')
const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const bare = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' }).subarray(-32)
const spki = (key: KeyObject): string => key.export({ format: 'der', type: 'spki' }).toString('base64')
const pem = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString()
const seed = ed25519.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32)
const whsk = `whsk_${Buffer.concat([seed, bare(ed25519.publicKey)]).toString('base64')}`
const whpk = `whpk_${bare(ed25519.publicKey).toString('base64')}`

afterAll(closeOctokit)

interface Case {
  readonly name: string
  readonly verify: Readonly<Record<string, unknown>>
  readonly request?: Partial<UnsignedRequest>
  readonly options?: SignOptions
  /** Whether the body can be changed unnoticed. */
  readonly isShown?: true
}

const OTHERS: ReadonlySet<string> = new Set(
  'hmac ed25519 token basic discord telnyx sendgrid fal sns adyen twilio'.split(' '),
)
const HMAC_LIKE = VERIFY_SCHEMES.filter((scheme) => !OTHERS.has(scheme))
const SHOWN: ReadonlySet<string> = new Set(['gitlab', 'telegram', 'vapi'])
const SIGNATURE = '${header.X-Signature}'
const hmac = (more: object): Readonly<Record<string, unknown>> => ({ scheme: 'hmac', secret: SECRET, ...more })
const token = (more: object): Readonly<Record<string, unknown>> => ({ scheme: 'token', secret: SECRET, ...more })
const publicKey = { scheme: 'ed25519', secret: bare(ed25519.publicKey).toString('hex'), signature: SIGNATURE }

const CASES: readonly Case[] = [
  ...HMAC_LIKE.map((scheme): Case => {
    const isBase64 = SCHEMES[scheme].form?.keyEncoding === 'base64'
    const verify = { scheme, secret: isBase64 ? STANDARD : SECRET }
    return { name: scheme, verify, ...(SHOWN.has(scheme) && { isShown: true }) }
  }),
  { name: 'gitlab, a signing token', verify: { scheme: 'gitlab', secret: [`whsec_${STANDARD}`, 'old'] } },
  {
    name: 'gitlab, a token before a signing token',
    verify: { scheme: 'gitlab', secret: ['t', `whsec_${STANDARD}`] },
    isShown: true,
  },
  { name: 'standard, prefixed', verify: { scheme: 'standard-webhooks', secret: `whsec_${STANDARD}` } },
  {
    name: 'standard, as text',
    verify: { scheme: 'svix', secret: 'whsec_text', key_encoding: 'utf8', algorithm: 'sha512' },
  },
  {
    name: 'standard, an id of the sender',
    verify: { scheme: 'openai', secret: STANDARD },
    request: { headers: { 'webhook-id': 'wh_7' } },
  },
  { name: 'standard, public key before a secret', verify: { scheme: 'standard-webhooks', secret: [whpk, STANDARD] } },
  { name: 'standard, whsk_', verify: { scheme: 'standard-webhooks', secret: whpk }, options: { privateKey: whsk } },
  { name: 'standard, PEM', verify: { scheme: 'svix', secret: whpk }, options: { privateKey: pem(ed25519.privateKey) } },
  { name: 'standard, its id in the body', verify: { scheme: 'svix', secret: STANDARD, id: '${body.id}' } },
  { name: 'ed25519', verify: publicKey, options: { privateKey: whsk } },
  {
    name: 'ed25519 as base64',
    verify: { ...publicKey, encoding: 'base64' },
    options: { privateKey: pem(ed25519.privateKey) },
  },
  {
    name: 'discord',
    verify: { scheme: 'discord', secret: publicKey.secret },
    options: { privateKey: pem(ed25519.privateKey) },
  },
  {
    name: 'telnyx',
    verify: { scheme: 'telnyx', secret: bare(ed25519.publicKey).toString('base64') },
    options: { privateKey: pem(ed25519.privateKey) },
  },
  {
    name: 'sendgrid',
    verify: { scheme: 'sendgrid', secret: spki(ecdsa.publicKey) },
    options: { privateKey: pem(ecdsa.privateKey) },
  },
  {
    name: 'sendgrid, SEC1',
    verify: { scheme: 'sendgrid', secret: spki(ecdsa.publicKey) },
    options: { privateKey: ecdsa.privateKey.export({ format: 'pem', type: 'sec1' }).toString() },
  },
  ...(['sha1', 'sha256', 'sha512'] as const).flatMap((algorithm) =>
    (['hex', 'base64', 'base64url'] as const).map((encoding): Case => {
      return { name: `hmac ${algorithm} ${encoding}`, verify: hmac({ algorithm, encoding, signature: SIGNATURE }) }
    }),
  ),
  {
    name: 'hmac, key as hex',
    verify: hmac({ secret: 'ff00c328', key_encoding: 'hex', signature: SIGNATURE, prefix: 'v9=' }),
  },
  { name: 'hmac, in the query', verify: hmac({ signature: '${query.sig}' }), request: { target: '/done?a=b%20c' } },
  {
    name: 'hmac, of a field, in the body',
    verify: hmac({ signature: '${body.proof.sig}', signed: '${body.id}:${body.n}' }),
    isShown: true,
  },
  {
    name: 'hmac, time as ISO',
    verify: hmac({
      signature: SIGNATURE,
      timestamp: '${header.X-Time}',
      timestamp_unit: 'iso',
      signed: '${timestamp}.${raw}',
    }),
  },
  {
    name: 'hmac, time in the query',
    verify: hmac({
      signature: SIGNATURE,
      timestamp: '${query.t}',
      timestamp_unit: 'ms',
      signed: '${timestamp}.${raw}',
    }),
  },
  { name: 'hmac, an id', verify: hmac({ signature: SIGNATURE, id: '${header.X-Id}', signed: '${id}.${raw}' }) },
  {
    name: 'hmac, headers',
    verify: hmac({ signature: SIGNATURE, signed: '${header.X-A}.${raw}' }),
    request: { headers: { 'x-a': 'b' } },
  },
  {
    name: 'hmac, URL and method',
    verify: hmac({ signature: SIGNATURE, signed: '${method} ${url}\n${raw}' }),
    request: { target: '/done?a=1' },
  },
  {
    name: 'hmac, a variable',
    verify: hmac({ signature: SIGNATURE, signed: '${env.X | "z"}.${raw}' }),
    options: { env: { X: 'y' } },
  },
  { name: 'stripe, another header', verify: { scheme: 'stripe', secret: SECRET, signature: '${header.X-Stripe}' } },
  {
    name: 'github, sha1',
    verify: {
      scheme: 'github',
      secret: SECRET,
      algorithm: 'sha1',
      prefix: 'sha1=',
      signature: '${header.X-Hub-Signature}',
    },
  },
  { name: 'several secrets', verify: { scheme: 'github', secret: ['first', 'second'] } },
  { name: 'square with a query', verify: { scheme: 'square', secret: SECRET }, request: { target: '/done?a=1' } },
  {
    name: 'hubspot with escapes',
    verify: { scheme: 'hubspot', secret: SECRET },
    request: { target: '/done?a=%2Fb%3F' },
  },
  {
    name: 'twilio, a form',
    verify: { scheme: 'twilio', secret: SECRET },
    request: { headers: FORM_TYPE, body: Buffer.from(FORM) },
  },
  {
    name: 'twilio, JSON',
    verify: { scheme: 'twilio', secret: SECRET },
    request: { headers: JSON_TYPE, target: '/done?a=1' },
  },
  { name: 'twilio, nothing', verify: { scheme: 'twilio', secret: SECRET }, request: { body: Buffer.alloc(0) } },
  { name: 'token', verify: token({}), isShown: true },
  { name: 'token beyond ASCII', verify: token({ secret: 'pâss' }), isShown: true },
  { name: 'token, prefixed', verify: token({ prefix: 'Token ' }), isShown: true },
  { name: 'token, a header', verify: token({ signature: '${header.X-Token}' }), isShown: true },
  { name: 'token, in the query', verify: token({ secret: 'pâss&=', signature: '${query.token}' }), isShown: true },
  { name: 'token, in the body', verify: token({ signature: '${body.auth.token}' }), isShown: true },
  {
    name: 'token, in a form',
    verify: token({ signature: '${body.token}' }),
    request: { headers: FORM_TYPE, body: Buffer.from(FORM) },
    isShown: true,
  },
  { name: 'basic', verify: { scheme: 'basic', secret: 'user:pâss' }, isShown: true },
]

function requestOf(request: Partial<UnsignedRequest> = {}): UnsignedRequest {
  const whole = { method: 'POST', publicUrl: 'https://example.com', target: '/done', headers: JSON_TYPE }
  return { ...whole, body: Buffer.from(RAW), ...request }
}

function toSent({ method, target, headers, body }: UnsignedRequest): Sent {
  return { method, url: target, headers, raw: body }
}

function flip(bytes: Buffer, index: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[index] = (changed[index] ?? 0) ^ 1
  return changed
}

const settingsOf = (options: SignOptions = {}): object => (options.env === undefined ? {} : { env: options.env })

describe.each(CASES)('what is signed as $name', ({ verify, request, options, isShown }) => {
  const { refusal } = useVerify(verify, settingsOf(options))
  const given = requestOf(request)
  const isRefused = expect.stringMatching(/^The sender is not verified: /)

  test('is believed, and was not without it', async () => {
    const sign = compileSign(specOf(verify), options)
    const signed = await sign(given, NOW)
    expect(refusal(toSent(signed))).toBeUndefined()
    expect(refusal(toSent(given))).toEqual(isRefused)
    if (!isShown && verify['scheme'] !== 'linear') expect(signed.body).toEqual(given.body)
  })

  test('is refused when it is forged, and when the body is changed', async () => {
    const forged = await compileSign(specOf(verify), { ...options, isForged: true })(given, NOW)
    expect(refusal(toSent(forged))).toEqual(isRefused)
    if (isShown) return
    const signed = await compileSign(specOf(verify), options)(given, NOW)
    for (let index = 0; index < signed.body.length; index += 1)
      expect(refusal({ ...toSent(signed), raw: flip(signed.body, index) })).toEqual(isRefused)
  })
})

test('every scheme with a secret of its own stands in the table', () => {
  const schemes = new Set(CASES.map(({ verify }) => verify['scheme']))
  expect(VERIFY_SCHEMES.filter((scheme) => !schemes.has(scheme))).toEqual(['fal', 'adyen', 'sns'])
})

describe('against other senders', () => {
  const known = SIGNERS.filter(({ scheme }) => !['fal', 'discord', 'telnyx', 'sendgrid'].includes(scheme))

  test.each(known)('writes the headers that $scheme has in the tests', async ({ scheme, secret, sign }) => {
    const prefix = scheme === 'twilio' ? '' : RAW
    const wanted = sign({ method: 'POST', url: 'https://example.com/done', raw: prefix }, NOW_S)
    const named = Object.entries(wanted).map(([name, value]) => [name.replace(/^svix-/, 'webhook-'), value] as const)
    const ids = named.filter(([name]) => name.endsWith('-id'))
    const given = requestOf({ headers: Object.fromEntries(ids), body: Buffer.from(prefix) })
    const { headers } = await compileSign(specOf({ scheme, secret }))(given, NOW)
    expect(headers).toEqual(Object.fromEntries(named))
  })

  const shared = OFFICIAL_SENDERS.filter(({ verify }) => !['discord', 'sendgrid'].includes(verify.scheme))

  test.each(shared)('is accepted by $name', async ({ verify, isForm, accepts }) => {
    const given = isForm ? { headers: FORM_TYPE, body: Buffer.from(FORM), target: '/done?callback_id=a%20b' } : {}
    const signed = await compileSign(specOf(verify))(requestOf(given), isForm ? NOW : Date.now())
    const { headers } = signed
    // The packages read the clock of the machine; only that of stripe is told the time.
    const sent = verify.scheme === 'stripe' ? await compileSign(specOf(verify))(requestOf(given), NOW) : signed
    await expect(Promise.resolve(accepts({ ...toSent(sent), headers: { ...headers, ...sent.headers } }))).resolves.toBe(
      true,
    )
  })
})

describe('adyen', () => {
  const verify = { scheme: 'adyen', secret: '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056' }
  const item = {
    pspReference: '7',
    merchantReference: 'a:b',
    amount: { value: 1130, currency: 'EUR' },
    success: 'true',
  }
  const bodies = [
    [
      'wrapped items',
      {
        live: 'false',
        notificationItems: [
          { NotificationRequestItem: item },
          { NotificationRequestItem: { ...item, pspReference: '8' } },
        ],
      },
    ],
    ['bare items', { notificationItems: [item] }],
    ['a list', [item, { ...item, additionalData: { other: 'x', hmacSignature: 'old' } }]],
    ['one item', item],
  ] as const

  function itemsOf(value: unknown): readonly unknown[] {
    const { notificationItems = value } = Object(value) as { readonly notificationItems?: unknown }
    return Array.isArray(notificationItems) ? notificationItems : [notificationItems]
  }

  test.each(bodies)('signs each item of %s', async (_name, body) => {
    const check = compileVerifyItem(specOf(verify))
    const given = requestOf({ body: Buffer.from(JSON.stringify(body)) })
    const signed = await compileSign(specOf(verify))(given, NOW)
    const items = itemsOf(JSON.parse(signed.body.toString()))
    for (const one of items) expect(() => check?.(one)).not.toThrow()
    const forged = await compileSign(specOf(verify), { isForged: true })(given, NOW)
    for (const one of itemsOf(JSON.parse(forged.body.toString()))) expect(() => check?.(one)).toThrow('no secret fits')
  })

  test('refuses a body that is no JSON', async () => {
    const sign = compileSign(specOf(verify))
    await expect(sign(requestOf({ body: Buffer.from('a=b') }), NOW)).rejects.toMatchObject({ code: 'ERR_UNVERIFIED' })
  })
})

describe('what cannot be signed', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, SignOptions, string])[] = [
    ['sns', { scheme: 'sns' }, {}, 'Only "sns" itself can sign'],
    ['fal', { scheme: 'fal' }, {}, 'Only "fal" itself can sign'],
    ['discord without private key', { scheme: 'discord', secret: publicKey.secret }, {}, 'give the private key as PEM'],
    ['standard with public key', { scheme: 'svix', secret: whpk }, {}, 'give the private key as PEM'],
    [
      'a wrong kind of key',
      { scheme: 'discord', secret: publicKey.secret },
      { privateKey: pem(ecdsa.privateKey) },
      'it is a key for prime256v1, not for ed25519',
    ],
    [
      'a key that is none',
      { scheme: 'discord', secret: publicKey.secret },
      { privateKey: 'secret-of-mine' },
      'it cannot be read as a private key',
    ],
    ['no place', { scheme: 'hmac', secret: SECRET }, {}, 'must be told where the signature stands'],
    ['a place that nobody can write', hmac({ signature: '${params.sig}' }), {}, '"signature" reads no header'],
  ]

  test.each(cases)('%s', (_name, verify, options, message) => {
    const compile = (): unknown => compileSign(specOf(verify), options)
    expect(compile).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_VALUE', message: expect.stringContaining(message) }),
    )
    expect(compile).not.toThrow('secret-of-mine')
  })

  test('forging needs no private key', async () => {
    const verify = { scheme: 'discord', secret: publicKey.secret }
    const forged = await compileSign(specOf(verify), { isForged: true })(requestOf(), NOW)
    expect(useVerify(verify).refusal(toSent(forged))).toContain('no secret fits its signature')
  })

  test('a token in a body that cannot hold it', async () => {
    const sign = compileSign(specOf(token({ signature: '${body.token}' })))
    const rejected = expect.objectContaining({
      code: 'ERR_CONFIG_VALUE',
      message: expect.stringContaining('no form or JSON that could hold it'),
    })
    for (const body of ['[1]', 'text', '7'])
      await expect(sign(requestOf({ body: Buffer.from(body) }), NOW)).rejects.toEqual(rejected)
  })
})
