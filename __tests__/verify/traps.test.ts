import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { NOW_S, specOf, useVerify } from './use-verify'
import { compileVerify } from '../../lib/verify/verify'
import { createFakeClock } from '../helpers/fake-clock'

const secret = 's3cret'
const REFUSED = expect.stringMatching(/^The sender is not verified: /)

function hex(content: string | Buffer, key = secret): string {
  return createHmac('sha256', key).update(content).digest('hex')
}

function stripe(timestamp: string, raw: string, key = secret): string {
  return `t=${timestamp},v1=${hex(`${timestamp}.${raw}`, key)}`
}

const generic = {
  scheme: 'hmac',
  secret,
  signature: '${header.X-Signature}',
  timestamp: '${header.X-Timestamp}',
  signed: '${timestamp}.${raw}',
}

describe('a signature of another form is refused like any wrong one', () => {
  const { refusal } = useVerify({ scheme: 'github', secret })
  const good = hex('{}')

  test.each([
    ['too short', good.slice(2)],
    ['too long', `${good}00`],
    ['of the same length in characters, not in bytes', `${good.slice(1)}é`],
    ['no hex at all', 'zz'],
    ['hex in part', `${good.slice(0, 62)}zz`],
    ['of mixed case', good.slice(0, 32).toUpperCase() + good.slice(32)],
    ['with a space', `${good} `],
    ['empty', ''],
    ['another encoding', Buffer.from(good, 'hex').toString('base64')],
    ['not ASCII', 'é'.repeat(64)],
    ['very long', good.repeat(1000)],
  ])('%s', (_name, signature) => {
    expect(refusal({ raw: '{}', headers: { 'x-hub-signature-256': `sha256=${signature}` } })).toEqual(REFUSED)
  })

  test('but hex in capitals is one', () => {
    const headers = { 'x-hub-signature-256': `sha256=${good.toUpperCase()}` }
    expect(refusal({ raw: '{}', headers })).toBe(undefined)
  })

  test.each(['SHA256=', 'sha1=', '', 'sha256= '])('and a prefix is "sha256=", not "%s"', (prefix) => {
    expect(refusal({ raw: '{}', headers: { 'x-hub-signature-256': prefix + good } })).toEqual(REFUSED)
  })

  test('base64 has one way to write a signature', () => {
    const line = useVerify({ scheme: 'line', secret })
    const text = Buffer.from(good, 'hex').toString('base64')
    const sent = (signature: string) => line.refusal({ raw: '{}', headers: { 'x-line-signature': signature } })
    expect([sent(text), sent(text.slice(0, -1))]).toEqual([undefined, undefined])
    const last = text.at(-2) ?? ''
    const next = String.fromCharCode(last.charCodeAt(0) + 1)
    expect(Buffer.from(`${text.slice(0, -2)}${next}=`, 'base64').toString('hex')).toBe(good)
    expect(sent(`${text.slice(0, -2)}${next}=`)).toEqual(REFUSED)
    for (const other of [`${text}=`, ` ${text}`, `${text}\n`, text.replaceAll('/', '_').replaceAll('+', '-')])
      if (other !== text) expect(sent(other)).toEqual(REFUSED)
  })
})

describe('a timestamp', () => {
  const { refusal } = useVerify({ scheme: 'stripe', secret })
  const sent = (timestamp: string) => refusal({ raw: '{}', headers: { 'stripe-signature': stripe(timestamp, '{}') } })

  test.each([0, -300, 300])('is accepted %i s from now', (seconds) => {
    expect(sent(String(NOW_S + seconds))).toBe(undefined)
  })

  test('is refused in both directions, with what is wrong', () => {
    expect(sent(String(NOW_S - 301))).toContain('its timestamp is 301 s old; "tolerance" allows 300 s')
    expect(sent(String(NOW_S + 301))).toContain('its timestamp is 301 s in the future')
    expect(sent(String(NOW_S * 1000))).toContain('in the future')
  })

  test.each([
    'NaN',
    '',
    'Infinity',
    `${NOW_S}abc`,
    ` ${NOW_S}`,
    `${NOW_S}.0`,
    `+${NOW_S}`,
    '-1',
    '1e9',
    '0x6553f100',
    '9'.repeat(400),
  ])('is refused though it is signed: "%s"', (timestamp) => expect(sent(timestamp)).toEqual(REFUSED))

  test('in milliseconds and as ISO is read as that alone', () => {
    const iso = new Date(NOW_S * 1000).toISOString()
    const read = (unit: string, timestamp: string) =>
      useVerify({ ...generic, timestamp_unit: unit, tolerance: '2s' }).refusal({
        raw: '{}',
        headers: { 'X-Timestamp': timestamp, 'X-Signature': hex(`${timestamp}.{}`) },
      })
    expect(read('ms', String(NOW_S * 1000 + 2000))).toBe(undefined)
    expect(read('ms', String(NOW_S * 1000 + 2001))).toContain('in the future')
    expect(read('ms', String(NOW_S))).toContain('s old')
    expect(read('iso', iso)).toBe(undefined)
    expect(read('iso', iso.replace('Z', '+00:00'))).toBe(undefined)
    for (const wrong of [
      String(NOW_S),
      iso.slice(0, 10),
      'now',
      iso.replace('2023', '20230'),
      iso.replace('-11-', '-13-'),
    ])
      expect(read('iso', wrong)).toContain('its timestamp is not an ISO date and time')
  })

  test('that is missing is refused', () => {
    const headers = { 'X-Signature': hex('.{}') }
    expect(useVerify(generic).refusal({ raw: '{}', headers })).toContain('the header "x-timestamp" is missing')
    const without = { 'stripe-signature': `v1=${hex('.{}')}` }
    expect(refusal({ raw: '{}', headers: without })).toContain('it has no timestamp')
    const two = `${stripe(String(NOW_S), '{}')},t=${NOW_S}`
    expect(refusal({ raw: '{}', headers: { 'stripe-signature': two } })).toContain('two timestamps')
  })

  test('may be in the body or in the URL, where that is signed', () => {
    const body = useVerify({ ...generic, timestamp: '${body.at}', signed: '${body.at}|${raw}' })
    const raw = `{"at":${NOW_S}}`
    const headers = { 'content-type': 'application/json', 'X-Signature': hex(`${NOW_S}|${raw}`) }
    expect(body.refusal({ raw, headers })).toBe(undefined)
    const old = `{"at":${NOW_S - 1000}}`
    expect(body.refusal({ raw: old, headers: { ...headers, 'X-Signature': hex(`${NOW_S - 1000}|${old}`) } })).toContain(
      's old',
    )
  })
})

test('a sender that signs fields of the body, as Mailgun does, is one line each', () => {
  const { refusal } = useVerify({
    scheme: 'hmac',
    secret,
    signature: '${body.signature.signature}',
    timestamp: '${body.signature.timestamp}',
    signed: '${body.signature.timestamp}${body.signature.token}',
  })
  const sent = (timestamp: string, token: string, signature = hex(`${NOW_S}t`)) =>
    refusal({
      raw: JSON.stringify({ signature: { timestamp, token, signature } }),
      headers: { 'content-type': 'application/json' },
    })
  expect(sent(String(NOW_S), 't')).toBe(undefined)
  expect(sent(String(NOW_S), 'u')).toEqual(REFUSED)
  expect(sent(String(NOW_S + 1), 't')).toEqual(REFUSED)
  expect(sent(String(NOW_S - 301), 't', hex(`${NOW_S - 301}t`))).toContain('s old')
})

describe('secrets and signatures', () => {
  test('all secrets are tried with all signatures', () => {
    const { refusal } = useVerify({ scheme: 'stripe', secret: ['new', 'old'] })
    for (const key of ['new', 'old'])
      expect(refusal({ raw: '{}', headers: { 'stripe-signature': stripe(String(NOW_S), '{}', key) } })).toBe(undefined)
    const many = `t=${NOW_S},v1=${hex('x')},v1=,v1=zz,v0=1,v1=${hex(`${NOW_S}.{}`, 'old')}`
    expect(refusal({ raw: '{}', headers: { 'stripe-signature': many } })).toBe(undefined)
    const wrong = stripe(String(NOW_S), '{}', 'older')
    expect(refusal({ raw: '{}', headers: { 'stripe-signature': wrong } })).toContain('no secret fits its signature')
  })

  test('no more than ten signatures, 20 pairs and 8192 characters', () => {
    const { refusal } = useVerify({ scheme: 'stripe', secret })
    const good = stripe(String(NOW_S), '{}')
    const sent = (signature: string) => refusal({ raw: '{}', headers: { 'stripe-signature': signature } })
    expect(sent(`${good}${',v1=00'.repeat(9)}`)).toBe(undefined)
    expect(sent(`${good}${',v1=00'.repeat(10)}`)).toContain('it has 11 signatures; 10 are allowed')
    expect(sent(`${good}${',v0=00'.repeat(18)}`)).toBe(undefined)
    expect(sent(`${good}${',v0=00'.repeat(19)}`)).toContain('more than 20 entries')
    expect(sent(`${good},v0=${'0'.repeat(8192)}`)).toContain('longer than 8192 characters')
  })
})

test('a signature counts for the kind of key that its version says', () => {
  const key = Buffer.from('key')
  const { refusal } = useVerify({ scheme: 'svix', secret: `whsec_${key.toString('base64')}` })
  const signature = createHmac('sha256', key).update(`a.${NOW_S}.{}`).digest('base64')
  const sent = (version: string) =>
    refusal({
      raw: '{}',
      headers: { 'svix-id': 'a', 'svix-timestamp': String(NOW_S), 'svix-signature': `${version},${signature}` },
    })
  expect(sent('v1')).toBe(undefined)
  expect(sent('v1a')).toContain('no secret fits')
  for (const version of ['v2', '', 'V1']) expect(sent(version)).toContain('holds no "v1" or "v1a"')
})

describe('the body is signed as bytes', () => {
  const { refusal } = useVerify(generic)
  const bodies = [
    '$&',
    '$$',
    "$'",
    '$`',
    '${raw}',
    '${timestamp}',
    '$${raw}',
    '{"a":"$$ $&"}',
    '',
    '\u0000',
    '\uFEFF{}',
  ]

  test.each([...bodies.map((text) => Buffer.from(text)), Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x00])])('%s', (raw) => {
    const signature = hex(Buffer.concat([Buffer.from(`${NOW_S}.`), raw]))
    const headers = { 'X-Timestamp': String(NOW_S), 'X-Signature': signature }
    expect(refusal({ raw, headers })).toBe(undefined)
    expect(refusal({ raw: Buffer.concat([raw, Buffer.from(' ')]), headers })).toEqual(REFUSED)
  })

  test('two bodies with the same replacement characters have two signatures', () => {
    const headers = { 'X-Timestamp': String(NOW_S), 'X-Signature': hex(Buffer.from(`${NOW_S}.\u00ff`, 'latin1')) }
    expect(refusal({ raw: Buffer.from([0xff]), headers })).toBe(undefined)
    expect(refusal({ raw: Buffer.from([0xfe]), headers })).toEqual(REFUSED)
  })
})

describe('what is signed', () => {
  test('may be made of everything that a request has', () => {
    const signed = '${id}|${method}|${url}|${header.X-Name}|${body.a.b}|${item.c}|${raw as base64}|$${x}|${raw}'
    const { refusal } = useVerify({ ...generic, timestamp: undefined, id: '${header.X-Id}', signed })
    const raw = '{"a":{"b":7},"c":"é"}'
    const text = Buffer.from(
      `i1|PUT|https://example.com/done?x=1|Zoë|7|é|${Buffer.from(raw).toString('base64')}|\${x}|${raw}`,
    )
    const headers = {
      'content-type': 'application/json',
      'X-Id': 'i1',
      'X-Name': Buffer.from('Zoë').toString('latin1'),
      'X-Signature': hex(text),
    }
    expect(refusal({ raw, headers, method: 'PUT', url: '/done?x=1' })).toBe(undefined)
    expect(refusal({ raw, headers, method: 'POST', url: '/done?x=1' })).toEqual(REFUSED)
    expect(refusal({ raw, headers, method: 'PUT', url: '/done?x=2' })).toEqual(REFUSED)
    for (const name of ['X-Name', 'X-Id'])
      expect(refusal({ raw, headers: { ...headers, [name]: ['i1', 'i1'] }, method: 'PUT', url: '/done?x=1' })).toMatch(
        /comes twice$/,
      )
  })

  test('must be the body too, if there is one', () => {
    const { refusal } = useVerify({ ...generic, signed: '${timestamp}.${url}' })
    const headers = { 'X-Timestamp': String(NOW_S), 'X-Signature': hex(`${NOW_S}.https://example.com/done`) }
    expect(refusal({ headers })).toBe(undefined)
    expect(refusal({ headers, raw: '{}' })).toContain('a body, which is no part of "signed"')
  })

  test('cannot be cut in two ways: an id does not hold what stands behind it', () => {
    const key = Buffer.from('key')
    const { refusal } = useVerify({ scheme: 'svix', secret: `whsec_${key.toString('base64')}` })
    const content = `a.1.x.${NOW_S}.{}`
    const signature = `v1,${createHmac('sha256', key).update(content).digest('base64')}`
    const headers = { 'svix-id': 'a.1.x', 'svix-timestamp': String(NOW_S), 'svix-signature': signature }
    expect(refusal({ headers, raw: '{}' })).toContain('its id contains the text that stands behind it')
  })

  test('is refused while the public URL is not known', () => {
    const settings = {
      publicUrlOf: () => {
        throw new Error('no gateway')
      },
    }
    const { refusal } = useVerify({ scheme: 'square', secret }, settings)
    expect(refusal({ headers: { 'x-square-hmacsha256-signature': 'AAAA' } })).toContain(
      'the public URL, which is not known yet',
    )
  })

  test('is compared for a template that fails as for one that fits nothing, without quoting the request', () => {
    const { refusal } = useVerify({ ...generic, timestamp: undefined, signed: '${body.n as integer}.${raw}' })
    const headers = { 'content-type': 'application/json', 'X-Signature': hex('x') }
    expect(refusal({ headers, raw: '{"n":"attack"}' })).toBe('The sender is not verified: "signed" cannot be read')
    const deep = `{"n":${'['.repeat(200)}${']'.repeat(200)}}`
    expect(refusal({ headers, raw: deep })).toContain('cannot be parsed')
    expect(refusal({ headers: { ...headers, 'content-type': 'multipart/form-data; boundary=x' }, raw: 'x' })).toContain(
      'multipart',
    )
  })
})

describe('at the start is refused', () => {
  const hmac = { scheme: 'hmac', secret, signature: '${header.X-S}' }
  test.each<[string, object, string, string]>([
    [
      'a hmac without signature',
      { ...hmac, signature: undefined },
      'signature',
      'must be told where the signature stands',
    ],
    [
      'a timestamp that is not signed',
      { ...hmac, timestamp: '${header.T}' },
      'timestamp',
      'must be part of what is signed',
    ],
    ['one that is left out of "signed"', { ...generic, signed: '${raw}' }, 'signed', 'must be part of what is signed'],
    [
      'one that is signed as another text',
      { ...generic, signed: '${timestamp as boolean}${raw}' },
      'signed',
      'must be part',
    ],
    ['one of slack, too', { scheme: 'slack', secret, signed: 'v0:${raw}' }, 'signed', 'must be part of what is signed'],
    ['one of stripe, too', { scheme: 'stripe', secret, signed: '${raw}' }, 'signed', 'must be part of what is signed'],
    ['a timestamp that is nowhere', { ...hmac, signed: '${timestamp}${raw}' }, 'signed', 'say with "timestamp"'],
    ['an id that is nowhere', { ...hmac, signed: '${id}${raw}' }, 'signed', 'say with "id" where it stands'],
    ['a constant', { ...hmac, signed: 'text' }, 'signed', 'reads nothing of the request'],
    ['the body as text', { ...hmac, signed: '${raw | x}' }, 'signed', '${raw}, or'],
    ['headers that are not named', { ...hmac, signature: '${header}' }, 'signature', 'must name the header'],
    ['a tolerance for nothing', { scheme: 'github', secret, tolerance: '5m' }, 'tolerance', 'no time of sending'],
    ['a unit for nothing', { scheme: 'github', secret, timestamp_unit: 'ms' }, 'timestamp_unit', 'no time of sending'],
    ['a prefix among pairs', { scheme: 'stripe', secret, prefix: 'v1=' }, 'prefix', 'has no meaning for "stripe"'],
    ['a hash for ed25519', { scheme: 'discord', secret, algorithm: 'sha512' }, 'algorithm', 'has no meaning'],
    ['a time for a token', { scheme: 'token', secret, tolerance: '5m' }, 'tolerance', 'has no meaning for "token"'],
    [
      'a header for basic',
      { scheme: 'basic', secret: 'a:b', signature: '${header.X}' },
      'signature',
      'it has a fixed form',
    ],
    ['a tolerance for the token of gitlab', { scheme: 'gitlab', secret, tolerance: '5m' }, 'tolerance', 'no meaning'],
    ['an option for twilio', { scheme: 'twilio', secret, encoding: 'hex' }, 'encoding', 'has no meaning for "twilio"'],
    [
      'a token in place of where it stands',
      { scheme: 'token', secret, signature: secret },
      'signature',
      'reads nothing',
    ],
    ['a variable', { scheme: 'token', secret, signature: '${env.T | "x"}' }, 'signature', 'reads nothing'],
    ['the name of a header', { scheme: 'vapi', secret, signature: 'X-Key' }, 'signature', 'as in ${header.X-Name}'],
    ['the name of a header of stripe', { scheme: 'stripe', secret, signature: 'X-Sig' }, 'signature', 'reads nothing'],
    ['the method', { ...hmac, signature: '${method}' }, 'signature', 'reads nothing of the request'],
    [
      'a time that never passes',
      { ...hmac, timestamp: '1700000000', signed: '${timestamp}.${raw}' },
      'timestamp',
      'reads nothing of the request',
    ],
    ['an id for all messages', { ...hmac, id: 'X-Id', signed: '${id}.${raw}' }, 'id', 'reads nothing of the request'],
    ['a secret for fal', { scheme: 'fal', secret }, 'secret', 'fal publishes its keys'],
    ['basic without password', { scheme: 'basic', secret: 'user' }, 'secret', 'it is not written as user:password'],
    ['a secret that is no hex', { ...hmac, key_encoding: 'hex', secret: 'zz' }, 'secret', 'it is not hex'],
    ['a secret that is no base64', { ...hmac, key_encoding: 'base64', secret: '?' }, 'secret', 'it is not base64'],
    ['a secret of zeros', { ...hmac, key_encoding: 'hex', secret: '0000' }, 'secret', 'it is nothing but zeros'],
    [
      'a second secret',
      { ...hmac, key_encoding: 'hex', secret: ['00ff', '0'] },
      'secret',
      'The secret number 2 cannot',
    ],
    ['a standard secret that is none', { scheme: 'svix', secret: 'whsec_!' }, 'secret', 'it is not base64'],
    ['an empty standard secret', { scheme: 'svix', secret: 'whsec_' }, 'secret', 'it is empty'],
    ['the private key', { scheme: 'svix', secret: 'whsk_AAAA' }, 'secret', 'it is the private key'],
    ['a public key of another length', { scheme: 'discord', secret: 'ff' }, 'secret', 'cannot be read as a public key'],
    ['a public key of zeros', { scheme: 'discord', secret: '0'.repeat(64) }, 'secret', 'nothing but zeros'],
    ['a public key of one', { scheme: 'discord', secret: `01${'0'.repeat(62)}` }, 'secret', 'anybody can sign'],
    [
      'an Ed25519 key for sendgrid',
      { scheme: 'sendgrid', secret: 'MCowBQYDK2VwAyEA1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=' },
      'secret',
      'it is a key for ed25519',
    ],
  ])('%s', (_name, verify, key, message) => {
    expect(() => useVerify(verify)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_VALUE',
        at: `listener.verify.${key}`,
        message: expect.stringContaining(message),
      }),
    )
  })

  test.each(['', ' ', '\0', '\0\0 \t'])('a secret that anybody knows: %j', (empty) => {
    for (const scheme of [
      'github',
      'stripe',
      'slack',
      'svix',
      'token',
      'gitlab',
      'twilio',
      'discord',
      'sendgrid',
    ] as const)
      for (const secrets of [[empty], ['good', empty], []]) {
        const spec = { ...specOf({ scheme: 'github', secret }), scheme, secrets }
        expect(() => compileVerify(spec, CONTEXT)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_VALUE' }))
      }
  })

  test('with no secret in any message', () => {
    for (const verify of [
      { scheme: 'basic', secret: 'hunter2' },
      { scheme: 'svix', secret: 'whsec_hunter2!' },
      { scheme: 'discord', secret: 'hunter2' },
      { ...hmac, key_encoding: 'hex', secret: 'hunter2' },
    ]) {
      expect(() => useVerify(verify)).toThrow(/^The secret cannot be used/)
      expect(() => useVerify(verify)).not.toThrow(/hunter2/)
    }
  })
})

const CONTEXT = {
  clock: createFakeClock(),
  env: {},
  publicUrlOf: () => '',
  fetch: () => Promise.reject(new Error('nothing may be fetched here')),
}
