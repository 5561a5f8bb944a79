import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { NOW_S, type Sent, useVerify, type VerifySettings } from './use-verify'

/** A scheme, and what its sender would send. Written down here once more, from the senders' pages, not from `schemes.ts`. */
interface Case {
  readonly name: string
  readonly verify: Readonly<Record<string, unknown>>
  readonly settings?: VerifySettings
  readonly sent: Sent
  /** The headers that hold the proof. */
  readonly proof: readonly string[]
  /** Whether the body is proved too. */
  readonly signsBody?: false
}

const RAW = '{"id":"7","text":"$& $$ $\' ${raw} ${timestamp}","è":"\\u0000"}'
const NOW = String(NOW_S)
const ed25519 = generateKeyPairSync('ed25519')
const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' })

function hmac(content: string | Buffer, secret: string | Buffer = 's3cret', algorithm = 'sha256'): Buffer {
  return createHmac(algorithm, secret).update(content).digest()
}

function spki(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' })
}

const bareKey = spki(ed25519.publicKey).subarray(-32)
const secret = 's3cret'

function hmacCases(): readonly Case[] {
  const key = Buffer.from([0xff, 0x00, 0xc3, 0x28])
  const keys = { utf8: 'pâss', hex: key.toString('hex'), base64: key.toString('base64') } as const
  const cases: Case[] = []
  for (const algorithm of ['sha1', 'sha256', 'sha512'])
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      for (const [keyEncoding, text] of Object.entries(keys)) {
        const bytes = keyEncoding === 'utf8' ? Buffer.from(text) : key
        const signature = '${header.X-Signature}'
        cases.push({
          name: `hmac, ${algorithm} as ${encoding}, key as ${keyEncoding}`,
          verify: { scheme: 'hmac', secret: text, algorithm, encoding, key_encoding: keyEncoding, signature },
          sent: { raw: RAW, headers: { 'X-Signature': hmac(RAW, bytes, algorithm).toString(encoding) } },
          proof: ['X-Signature'],
        })
      }
  return cases
}

const CASES: readonly Case[] = [
  ...hmacCases(),
  {
    name: 'shopify',
    verify: { scheme: 'shopify', secret },
    sent: { raw: RAW, headers: { 'X-Shopify-Hmac-Sha256': hmac(RAW).toString('base64') } },
    proof: ['X-Shopify-Hmac-Sha256'],
  },
  {
    name: 'meta',
    verify: { scheme: 'meta', secret },
    sent: { raw: RAW, headers: { 'X-Hub-Signature-256': `sha256=${hmac(RAW).toString('hex')}` } },
    proof: ['X-Hub-Signature-256'],
  },
  {
    name: 'zoom',
    verify: { scheme: 'zoom', secret },
    sent: {
      raw: RAW,
      headers: { 'x-zm-signature': `v0=${hmac(`v0:${NOW}:${RAW}`).toString('hex')}`, 'x-zm-request-timestamp': NOW },
    },
    proof: ['x-zm-signature', 'x-zm-request-timestamp'],
  },
  {
    name: 'discord',
    verify: { scheme: 'discord', secret: bareKey.toString('hex') },
    sent: {
      raw: RAW,
      headers: {
        'X-Signature-Ed25519': sign(null, Buffer.from(NOW + RAW), ed25519.privateKey).toString('hex'),
        'X-Signature-Timestamp': NOW,
      },
    },
    proof: ['X-Signature-Ed25519', 'X-Signature-Timestamp'],
  },
  ...[
    bareKey.toString('base64'),
    spki(ed25519.publicKey).toString('base64'),
    ed25519.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  ].map((key) => ({
    name: `ed25519 with ${key.length} characters of key`,
    verify: {
      scheme: 'ed25519',
      secret: key,
      key_encoding: 'base64',
      encoding: 'base64',
      signature: '${header.X-Signature}',
      prefix: 'ed=',
    },
    sent: {
      raw: RAW,
      headers: { 'X-Signature': `ed=${sign(null, Buffer.from(RAW), ed25519.privateKey).toString('base64')}` },
    },
    proof: ['X-Signature'],
  })),
  {
    name: 'sendgrid',
    verify: { scheme: 'sendgrid', secret: spki(ecdsa.publicKey).toString('base64') },
    sent: {
      raw: RAW,
      headers: {
        'X-Twilio-Email-Event-Webhook-Signature': sign('sha256', Buffer.from(NOW + RAW), ecdsa.privateKey).toString(
          'base64',
        ),
        'X-Twilio-Email-Event-Webhook-Timestamp': NOW,
      },
    },
    proof: ['X-Twilio-Email-Event-Webhook-Signature', 'X-Twilio-Email-Event-Webhook-Timestamp'],
  },
  {
    name: 'openai',
    verify: { scheme: 'openai', secret: `whsec_${Buffer.from('key').toString('base64')}` },
    sent: {
      raw: RAW,
      headers: {
        'webhook-id': 'wh_1',
        'webhook-timestamp': NOW,
        'webhook-signature': `v1,${hmac(`wh_1.${NOW}.${RAW}`, 'key').toString('base64')}`,
      },
    },
    proof: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
  },
  {
    name: 'gitlab with a signing token',
    verify: { scheme: 'gitlab', secret: ['old token', `whsec_${Buffer.from('key').toString('base64')}`] },
    sent: {
      raw: RAW,
      headers: {
        'webhook-id': 'wh_1',
        'webhook-timestamp': NOW,
        'webhook-signature': `v1,${hmac(`wh_1.${NOW}.${RAW}`, 'key').toString('base64')}`,
      },
    },
    proof: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
  },
  {
    name: 'twilio with a body that is hashed',
    verify: { scheme: 'twilio', secret },
    settings: { publicUrl: hashedUrl() },
    sent: {
      raw: RAW,
      headers: { 'X-Twilio-Signature': hmac(hashedUrl(), secret, 'sha1').toString('base64') },
    },
    proof: ['X-Twilio-Signature'],
  },
  {
    name: 'token in Authorization',
    verify: { scheme: 'token', secret: 'tök en' },
    sent: { raw: RAW, headers: { Authorization: Buffer.from('tök en').toString('latin1') } },
    proof: ['Authorization'],
    signsBody: false,
  },
  {
    name: 'basic',
    verify: { scheme: 'basic', secret: 'user:pä:ss' },
    sent: { raw: RAW, headers: { Authorization: `Basic ${Buffer.from('user:pä:ss').toString('base64')}` } },
    proof: ['Authorization'],
    signsBody: false,
  },
]

function hashedUrl(): string {
  return `https://example.com/done?bodySHA256=${createHash('sha256').update(RAW).digest('hex')}`
}

const REFUSED = expect.stringMatching(/^The sender is not verified: /)

describe.each(CASES)('$name', ({ verify, settings, sent, proof, signsBody = true }) => {
  const { refusal } = useVerify(verify, settings)

  test('is accepted', () => {
    expect(refusal(sent)).toBe(undefined)
  })

  test('is refused with any byte of the body changed', () => {
    const body = Buffer.from(sent.raw ?? '')
    for (const index of body.keys()) {
      const raw = Buffer.from(body)
      raw[index] = (raw[index] ?? 0) ^ 1
      expect(refusal({ ...sent, raw })).toEqual(signsBody ? REFUSED : undefined)
    }
  })

  test.each(proof)('is refused with any byte of %s changed', (name) => {
    const value = String(sent.headers?.[name])
    const start = /^basic /i.exec(value)?.[0].length ?? 0
    for (let index = start; index < value.length; index += 1) {
      for (const flip of [1, 0x20, 0x80]) {
        const bytes = Buffer.from(value, 'latin1')
        bytes[index] = (bytes[index] ?? 0) ^ flip
        const headers = { ...sent.headers, [name]: bytes.toString('latin1') }
        expect([index, flip, refusal({ ...sent, headers })]).toEqual([index, flip, REFUSED])
      }
    }
  })

  test.each(proof)('is refused without %s, with an empty one, and with two', (name) => {
    const value = String(sent.headers?.[name])
    const { [name]: _left, ...rest } = sent.headers ?? {}
    expect(refusal({ ...sent, headers: rest })).toEqual(REFUSED)
    expect(refusal({ ...sent, headers: { ...rest, [name]: '' } })).toEqual(REFUSED)
    expect(refusal({ ...sent, headers: { ...rest, [name]: [value, value] } })).toMatch(/comes twice$/)
    expect(refusal({ ...sent, headers: { ...rest, [name]: [value, 'other'] } })).toMatch(/comes twice$/)
    expect(refusal({ ...sent, headers: { ...rest, [name]: ['other', value] } })).toMatch(/comes twice$/)
  })
})

describe('a token', () => {
  const { refusal } = useVerify({ scheme: 'token', secret: ['new', 'old'] })

  test.each(['new', 'old', 'Bearer new', 'bearer  old'])('is accepted as %s', (authorization) => {
    expect(refusal({ headers: { authorization } })).toBe(undefined)
  })

  test.each(['ne', 'newx', 'Bearer', 'Basic new', 'Bearer Bearer new', 'NEW', 'é'])(
    'is refused as %s',
    (authorization) => {
      expect(refusal({ headers: { authorization } })).toEqual(REFUSED)
    },
  )

  test.each(['Bearer abc', 'bearer abc', 'abc'])(
    'is accepted where the secret has its kind, too: %s',
    (authorization) => {
      expect(useVerify({ scheme: 'token', secret: authorization }).refusal({ headers: { authorization } })).toBe(
        undefined,
      )
    },
  )

  test('may stand in the query, in the body and behind a prefix, but not twice', () => {
    const query = useVerify({ scheme: 'token', secret: 'a b', signature: '${query.token}' })
    expect(query.refusal({ url: '/done?token=a%20b' })).toBe(undefined)
    expect(query.refusal({ url: '/done?token=a' })).toEqual(REFUSED)
    expect(query.refusal({ url: '/done?token=a%20b&token=a%20b' })).toContain('a list, as when it comes twice')
    const body = useVerify({ scheme: 'token', secret: 'über', signature: '${body.token}' })
    expect(body.refusal({ raw: '{"token":"über"}', headers: { 'content-type': 'application/json' } })).toBe(undefined)
    expect(body.refusal({ raw: '{"token":', headers: { 'content-type': 'application/json' } })).toEqual(REFUSED)
    expect(body.refusal({ raw: 'x' })).toEqual(REFUSED)
    const prefix = useVerify({ scheme: 'token', secret: 't', prefix: 'Key ', signature: '${header.X-Key}' })
    expect(prefix.refusal({ headers: { 'X-Key': 'Key t' } })).toBe(undefined)
    expect(prefix.refusal({ headers: { 'X-Key': 't' } })).toContain('does not begin with "Key "')
  })
})

describe('gitlab', () => {
  test('takes a signature for proof as soon as there is a signing token, and nothing else when there is only that', () => {
    const key = `whsec_${Buffer.from('key').toString('base64')}`
    const headers = {
      'x-gitlab-token': 'token',
      'webhook-id': 'a',
      'webhook-timestamp': NOW,
      'webhook-signature': 'v1,x',
    }
    expect(useVerify({ scheme: 'gitlab', secret: ['token', key] }).refusal({ headers })).toEqual(REFUSED)
    expect(useVerify({ scheme: 'gitlab', secret: 'token' }).refusal({ headers })).toBe(undefined)
    expect(useVerify({ scheme: 'gitlab', secret: key }).refusal({ headers: { 'x-gitlab-token': key } })).toEqual(
      REFUSED,
    )
  })
})

describe('twilio', () => {
  const signOf = (text: string): Record<string, string> => ({
    'x-twilio-signature': hmac(text, secret, 'sha1').toString('base64'),
  })

  test.each([
    ['https://example.com:443/done', 'https://example.com/done'],
    ['https://example.com/done', 'https://example.com:443/done'],
    ['https://example.com/done', 'https://example.com:8443/done'],
    ['http://example.com:80/done', 'http://example.com/done'],
  ])('accepts %s where the URL is %s', (signed, publicUrl) => {
    const { refusal } = useVerify({ scheme: 'twilio', secret }, { publicUrl })
    expect(refusal({ headers: signOf(signed) })).toBe(undefined)
    expect(refusal({ headers: signOf(signed.replace('http', 'ftp')) })).toEqual(REFUSED)
  })

  test('refuses a body that is not signed', () => {
    const { refusal } = useVerify({ scheme: 'twilio', secret })
    const headers = signOf('https://example.com/done')
    expect(refusal({ headers, raw: '{}' })).toContain('neither a form nor signed')
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
    expect(refusal({ headers: form, raw: Buffer.from([0x61, 0x3d, 0xff]) })).toContain('not valid UTF-8')
    const ok = { ...form, ...signOf('https://example.com/doneB2a1a3') }
    expect(refusal({ headers: ok, raw: 'a=3&B=2&a=1&a=3' })).toBe(undefined)
  })
})
