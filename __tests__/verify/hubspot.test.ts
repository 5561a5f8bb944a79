import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { useVerify } from './use-verify'

const SECRET = 'hubspot-client-secret'
const AT = 1_700_000_000_000
const REFUSED = expect.stringMatching(/^The sender is not verified: /)
const hubspot = useVerify(
  { scheme: 'hubspot', secret: SECRET },
  { now: AT / 1000, publicUrlOf: ({ url }) => `https://hooks.example${url}` },
)

interface Call {
  readonly method?: string
  readonly url: string
  readonly raw: string
  readonly signature: string
  readonly at?: number
}

function refusal({ method = 'POST', url, raw, signature, at = AT }: Call): string | undefined {
  const headers = { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': String(at) }
  return hubspot.refusal({ method, url, raw, headers })
}

function sign(text: string): string {
  return createHmac('sha256', SECRET).update(text).digest('base64')
}

describe('what HubSpot signs', () => {
  const body = '[{"objectId":123}]'
  const first: Call = { url: '/hubspot', raw: body, signature: 'D7Unue6WZwibdnYMoy2We2AaI9Da6mwCwn6BP/kVE/4=' }

  // Signed with Signature.getSignature(method, 'v3', …) of @hubspot/api-client 14.0.1.
  test.each<[string, Call]>([
    ['a POST', first],
    [
      'a query whose characters it decodes',
      {
        url: '/hubspot?state=a%3Ab%2Fc%3Fd%40e%21%24%27%28%29%2A%2c%3b',
        raw: body,
        signature: '12/TSbCJIDHvJcRD4T+t9VvdWETLR7s+SaR8nYKmSTc=',
      },
    ],
    [
      'the same, not encoded',
      { url: "/hubspot?state=a:b/c?d@e!$'()*,;", raw: body, signature: '12/TSbCJIDHvJcRD4T+t9VvdWETLR7s+SaR8nYKmSTc=' },
    ],
    ['a GET', { method: 'GET', url: '/card?id=7', raw: '', signature: 'O/F/JGMY9SRhGX8WaxCcdjsOUaoNVVxzpk6xAIwMRGQ=' }],
    [
      'other encoded characters, as they are',
      {
        url: '/hubspot?q=%C3%A9%20%26%25',
        raw: body,
        signature: sign(`POSThttps://hooks.example/hubspot?q=%C3%A9%20%26%25${body}${AT}`),
      },
    ],
  ])('is accepted: %s', (_name, call) => {
    expect(refusal(call)).toBe(undefined)
  })

  test.each<[string, Partial<Call>]>([
    ['method', { method: 'PUT' }],
    ['path', { url: '/hubspox' }],
    ['query', { url: '/hubspot?x=1' }],
    ['body', { raw: `${body} ` }],
    ['time', { at: AT + 1 }],
    ['signature', { signature: sign('x') }],
    ['encoding', { signature: Buffer.from(first.signature, 'base64').toString('hex') }],
  ])('is refused with another %s', (_name, change) => {
    expect(refusal({ ...first, ...change })).toEqual(REFUSED)
  })

  test('keeps a question mark of the path out of the query', () => {
    const signature = sign(`POSThttps://hooks.example/hubspot/7?x=1${body}${AT}`)
    expect(refusal({ url: '/hubspot/7?x=1', raw: body, signature })).toBe(undefined)
    expect(refusal({ url: '/hubspot/7%3Fx=1', raw: body, signature })).toEqual(REFUSED)
  })

  test.each([
    [-300_000, undefined],
    [300_000, undefined],
    [-300_001, REFUSED],
    [300_001, REFUSED],
  ])('counts %i ms from now', (ms, expected) => {
    const at = AT + ms
    expect(refusal({ ...first, at, signature: sign(`POSThttps://hooks.example/hubspot${body}${at}`) })).toEqual(
      expected,
    )
  })
})
