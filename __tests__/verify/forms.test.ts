import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { SIGNERS } from '../helpers/signers'
import { compileSign } from '../../lib/verify/verify'
import { NOW_S, specOf, useVerify } from './use-verify'

const NOW = NOW_S * 1000
const KEY = 's3cret'
const REFUSED = expect.stringMatching(/^The sender is not verified: /)
const JSON_TYPE = { 'content-type': 'application/json' }

function hmac(text: string, encoding: 'hex' | 'base64' = 'hex', key = KEY): string {
  return createHmac('sha256', key).update(text).digest(encoding)
}

describe('a time that stands in the signed body', () => {
  const { refusal } = useVerify({ scheme: 'linear', secret: KEY })
  const send = (raw: string, more: Record<string, string> = {}): string | undefined =>
    refusal({ raw, headers: { ...JSON_TYPE, 'linear-signature': hmac(raw), ...more } })
  const at = (time: unknown): string => JSON.stringify({ webhookTimestamp: time, data: { id: '7' } })

  test.each([NOW, NOW - 60_000, NOW + 60_000, String(NOW)])('counts: %s', (time) =>
    expect(send(at(time))).toBeUndefined(),
  )

  test.each<[unknown, string]>([
    [NOW - 61_000, 'its timestamp is 61 s old; "tolerance" allows 60 s'],
    [NOW + 61_000, 'its timestamp is 61 s in the future'],
    [NOW_S, 's old'],
    [undefined, 'it has no timestamp'],
    [null, 'it has no timestamp'],
    ['', 'it has no timestamp'],
    ['2023-11-14T22:13:20Z', 'not a whole number'],
    [[NOW], 'a list'],
    [true, 'boolean'],
  ])('is refused: %j', (time, reason) => expect(send(at(time))).toContain(reason))

  test.each(['', '7', '[]', '{"webhookTimestamp":', 'webhookTimestamp=1'])('is missing in the body %j', (raw) =>
    expect(send(raw)).toEqual(REFUSED),
  )

  test('cannot be replaced by a header with a fresh one, which is not signed', () => {
    expect(send(at(NOW - 3_600_000), { 'linear-timestamp': String(NOW) })).toContain('3600 s old')
  })

  test('is written into the body as a number by the one who signs', async () => {
    const request = { method: 'POST', publicUrl: 'https://example.com', target: '/done', headers: JSON_TYPE }
    const sign = compileSign(specOf({ scheme: 'linear', secret: KEY }))
    const { body, headers } = await sign({ ...request, body: Buffer.from('{"id":"7"}') }, NOW)
    expect(JSON.parse(body.toString())).toEqual({ id: '7', webhookTimestamp: NOW })
    expect(refusal({ raw: body, headers })).toBeUndefined()
    await expect(sign({ ...request, body: Buffer.from('[1]') }, NOW)).rejects.toMatchObject({
      code: 'ERR_CONFIG_VALUE',
      message: expect.stringContaining('no form or JSON that could hold it'),
    })
  })

  const generic = { scheme: 'hmac', secret: KEY, signature: '${header.X-S}', timestamp: '${body.at}' }
  test.each([
    ['${raw}', (raw: string) => raw],
    ['${raw as base64}', (raw: string) => Buffer.from(raw).toString('base64')],
    ['v1:${raw}', (raw: string) => `v1:${raw}`],
  ])('may be read by the generic form, too, where %s is signed', (signed, write) => {
    const verify = useVerify({ ...generic, signed })
    const read = (time: number): string | undefined => {
      const raw = JSON.stringify({ at: time })
      return verify.refusal({ raw, headers: { ...JSON_TYPE, 'X-S': hmac(write(raw)) } })
    }
    expect([read(NOW_S), read(NOW_S - 300)]).toEqual([undefined, undefined])
    expect([read(NOW_S - 301), read(NOW_S + 301)]).toEqual([REFUSED, REFUSED])
  })

  test.each<[string, object]>([
    ['a field, where another one is signed', { signed: '${body.id}' }],
    ['a header', { timestamp: '${header.X-T}', signed: '${raw}' }],
    ['a header behind a field', { timestamp: '${body.at | ${header.X-T}}', signed: '${raw}' }],
    ['the query', { timestamp: '${query.t}', signed: '${raw}' }],
  ])('is refused at start where it is not signed: %s', (_name, more) => {
    expect(() => useVerify({ ...generic, ...more })).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_VALUE',
        message: expect.stringContaining('must be part of what is signed'),
      }),
    )
  })
})

describe('a sender that signs with several keys, each in a header of its own', () => {
  const raw = '{"id":"7"}'
  const sent = (headers: Record<string, string>, secret: string | string[] = KEY): string | undefined =>
    useVerify({ scheme: 'docusign', secret }).refusal({ raw, headers })
  const good = hmac(raw, 'base64')
  const other = hmac(raw, 'base64', 'other')

  test.each([1, 2, 3, 4, 5])('is believed by header %i alone, and beside others', (number) => {
    const name = `x-docusign-signature-${number}`
    expect(sent({ [name]: good })).toBeUndefined()
    const all = Object.fromEntries([1, 2, 3, 4, 5].map((one) => [`x-docusign-signature-${one}`, other]))
    expect(sent({ ...all, [name]: good })).toBeUndefined()
    expect(sent(all)).toEqual(REFUSED)
    expect(sent(all, [KEY, 'other'])).toBeUndefined()
  })

  test('is refused without any, with a header that comes twice, and with one that is not known', () => {
    expect(sent({})).toContain('"x-docusign-signature-1" or the header "x-docusign-signature-2"')
    const twice = { 'x-docusign-signature-1': [good, good] } as const
    expect(useVerify({ scheme: 'docusign', secret: KEY }).refusal({ raw, headers: twice })).toMatch(/comes twice$/)
    expect(sent({ 'x-docusign-signature': good })).toEqual(REFUSED)
    expect(sent({ 'x-docusign-signature-1': hmac(raw) })).toEqual(REFUSED)
  })

  test('is read in one place when the config names it', () => {
    const verify = { scheme: 'docusign', secret: KEY, signature: '${header.X-DocuSign-Signature-7}' }
    expect(useVerify(verify).refusal({ raw, headers: { 'x-docusign-signature-7': good } })).toBeUndefined()
    expect(useVerify(verify).refusal({ raw, headers: { 'x-docusign-signature-2': good } })).toEqual(REFUSED)
  })

  test('signs its time, too: box', () => {
    const time = '2023-11-14T14:13:20-08:00'
    const box = (secret: string, more: Record<string, string>): string | undefined =>
      useVerify({ scheme: 'box', secret }).refusal({ raw, headers: { 'box-delivery-timestamp': time, ...more } })
    const primary = { 'box-signature-primary': hmac(raw + time, 'base64', 'one') }
    const secondary = { 'box-signature-secondary': hmac(raw + time, 'base64', 'two') }
    expect([box('one', primary), box('two', { ...primary, ...secondary })]).toEqual([undefined, undefined])
    expect([box('two', primary), box('three', { ...primary, ...secondary })]).toEqual([REFUSED, REFUSED])
    expect(box('two', { ...secondary, 'box-delivery-timestamp': '2023-11-14T22:13:20Z' })).toEqual(REFUSED)
  })
})

describe.each([
  ['pagerduty', 'x-pagerduty-signature'],
  ['circleci', 'circleci-signature'],
])('pairs without a time: %s', (scheme, header) => {
  const { refusal } = useVerify({ scheme, secret: KEY })
  const raw = '{"id":"7"}'
  const send = (text: string): string | undefined => refusal({ raw, headers: { [header]: text } })
  const good = `v1=${hmac(raw)}`
  const other = `v1=${hmac(raw, 'hex', 'other')}`

  test.each([good, `${other},${good}`, `${good},${other}`, `v0=x,${good}`, `${good}, v2=abc`])('counts: %s', (text) =>
    expect(send(text)).toBeUndefined(),
  )

  test.each([other, good.slice(3), good.replace('v1', 'v2'), good.toUpperCase(), `${good}x`, 'v1=', '', 'v1'])(
    'is refused: %s',
    (text) => expect(send(text)).toEqual(REFUSED),
  )

  test('has a bounded number of signatures', () => {
    expect(send([...Array<string>(9).fill(other), good].join())).toBeUndefined()
    expect(send([...Array<string>(10).fill(other), good].join())).toContain('it has 11 signatures; 10 are allowed')
  })

  test('has no tolerance and no prefix', () => {
    expect(() => useVerify({ scheme, secret: KEY, tolerance: '5m' })).toThrow('no time of sending')
    expect(() => useVerify({ scheme, secret: KEY, prefix: 'v1=' })).toThrow(`has no meaning for "${scheme}"`)
  })
})

describe.each([
  ['telegram', 'X-Telegram-Bot-Api-Secret-Token'],
  ['vapi', 'X-Vapi-Secret'],
])('a secret that is shown: %s', (scheme, header) => {
  const { refusal } = useVerify({ scheme, secret: ['old', KEY] })

  test.each([KEY, 'old'])('counts: %s', (text) => expect(refusal({ headers: { [header]: text } })).toBeUndefined())

  test.each<[string, Record<string, string>]>([
    ['another', { [header]: `${KEY}x` }],
    ['nothing', { [header]: '' }],
    ['no header', {}],
    ['another header', { authorization: `Bearer ${KEY}` }],
    ['a part of it', { [header]: KEY.slice(1) }],
  ])('is refused: %s', (_name, headers) => expect(refusal({ headers })).toEqual(REFUSED))

  test('may stand in another header', () => {
    const verify = useVerify({ scheme, secret: KEY, signature: '${header.X-Other}' })
    expect(verify.refusal({ headers: { 'x-other': KEY } })).toBeUndefined()
    expect(verify.refusal({ headers: { [header]: KEY } })).toEqual(REFUSED)
  })
})

describe('the secret of polar is the key as it is written', () => {
  const raw = '{"id":"7"}'
  const sign = (key: string | Buffer): Record<string, string> => ({
    'webhook-id': 'm',
    'webhook-timestamp': String(NOW_S),
    'webhook-signature': `v1,${createHmac('sha256', key).update(`m.${NOW_S}.${raw}`).digest('base64')}`,
  })

  test.each(['polar_whs_abc', 'c2VjcmV0', 'whsec_c2VjcmV0', 'ünïcode'])('%s', (secret) => {
    const { refusal } = useVerify({ scheme: 'polar', secret })
    expect(refusal({ raw, headers: sign(secret) })).toBeUndefined()
    expect(refusal({ raw, headers: sign(Buffer.from(secret, 'base64')) })).toEqual(REFUSED)
  })
})

/** The tolerances that the packages and pages of the senders have, in seconds. */
const TOLERANCES: Readonly<Record<string, number>> = {
  elevenlabs: 1800,
  retell: 300,
  workos: 180,
  webflow: 300,
  zendesk: 300,
  box: 600,
  telnyx: 300,
  recall: 300,
  polar: 300,
  finch: 300,
}

describe.each(SIGNERS.filter(({ scheme }) => scheme in TOLERANCES))('the tolerance of $scheme', (signer) => {
  const { scheme, secret } = signer
  const tolerance = TOLERANCES[scheme] ?? 0
  const raw = '{"id":"7"}'
  const { refusal } = useVerify({ scheme, secret })
  const send = (seconds: number): string | undefined =>
    refusal({ raw, headers: signer.sign({ method: 'POST', url: '/done', raw }, NOW_S + seconds) })

  test('is the one of its package', () => {
    expect([send(-tolerance), send(0), send(tolerance)]).toEqual([undefined, undefined, undefined])
    expect(send(-tolerance - 1)).toContain(`is ${tolerance + 1} s old`)
    expect(send(tolerance + 1)).toContain(`is ${tolerance + 1} s in the future`)
  })

  test('binds the time: an older one cannot be replaced', () => {
    const old = signer.sign({ method: 'POST', url: '/done', raw }, NOW_S - 10_000)
    const fresh = signer.sign({ method: 'POST', url: '/done', raw: 'x' }, NOW_S)
    for (const [name, text] of Object.entries(old)) {
      const time = /\d{10,13}|\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(fresh[name] ?? '')?.[0]
      if (time === undefined) continue
      const written = text.replace(/\d{10,13}|\d{4}-\d\d-\d\dT[\d:.]+Z/, time)
      expect(refusal({ raw, headers: { ...old, [name]: written } })).toEqual(REFUSED)
    }
  })
})
