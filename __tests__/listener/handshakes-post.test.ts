import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import request, { type Response } from 'supertest'
import type { ChallengedEndpoint } from '../../lib/listener/handshakes/handshakes'
import { createHandshakeHost, type HandshakeHost, verify } from '../helpers/handshake-host'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const json = 'application/json'
const form = 'application/x-www-form-urlencoded'

type Parts = Partial<ChallengedEndpoint>

interface Sent extends Pick<HandshakeHost, 'callbacks' | 'refusals'> {
  readonly answer: Response
}

/** Posts a body, signed or not, to an endpoint of its own. */
async function post(parts: Parts, body: unknown, { type = json, signed = true, query = '' } = {}): Promise<Sent> {
  const { listener, ...seen } = createHandshakeHost(parts)
  const sending = request(await hosts.serve(listener))
    .post(`/hook${query}`)
    .type(type)
  if (signed) sending.set('verified', 'yes')
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { ...seen, answer: await sending.send(text) }
}

describe('Slack', () => {
  // docs.slack.dev/reference/events/url_verification
  const example = {
    token: 'Jhj5dZrVaK7ZwHHjRyZWjbDl',
    challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
    type: 'url_verification',
  }
  const slack = verify('slack', 's')
  const markup = '<script>alert(1)</script>'

  test.each<[string, Parts, object]>([
    ['as the documentation has it', { verify: slack }, example],
    ['with more keys', { verify: slack }, { ...example, api_app_id: 'A1' }],
    ['where neither is said', {}, example],
    ['of markup', { verify: slack }, { ...example, challenge: markup }],
    ['of markup, where neither is said', {}, { ...example, challenge: markup }],
    ['of 1,024 characters', { verify: slack }, { ...example, challenge: 'x'.repeat(1024) }],
  ])('url_verification %s goes back as text that no browser sniffs', async (_name, parts, body) => {
    const { answer, callbacks } = await post(parts, body)
    expect([answer.status, answer.text]).toEqual([200, 'challenge' in body ? body.challenge : undefined])
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    })
    expect(callbacks).toEqual([])
  })

  test('url_verification that is not signed is refused, and nothing of it goes back', async () => {
    const { answer, callbacks, refusals } = await post({ verify: slack }, example, { signed: false })
    expect([answer.status, answer.text]).toEqual([401, ''])
    expect([callbacks, refusals]).toEqual([[], ['ERR_UNVERIFIED: not signed']])
  })

  test.each<[string, Parts, unknown, string]>([
    ['a challenge that is a number', { verify: slack }, { ...example, challenge: 5 }, json],
    ['a challenge that is a list', { verify: slack }, { ...example, challenge: ['x'] }, json],
    ['a challenge that is empty', { verify: slack }, { ...example, challenge: '' }, json],
    ['a challenge that is too long', { verify: slack }, { ...example, challenge: 'x'.repeat(1025) }, json],
    ['no challenge', { verify: slack }, { type: 'url_verification' }, json],
    ['more keys, where neither is said', {}, { ...example, event: {} }, json],
    ['a challenge, where it is turned off', { verify: slack, challenge: false }, example, json],
    ['a challenge by another scheme', { verify: verify('github', 's') }, example, json],
    ['JSON that is called text', { verify: slack }, example, 'text/plain'],
    ['ssl_check in JSON', { verify: slack }, { ssl_check: '1' }, json],
    ['ssl_check of another value', { verify: slack }, 'ssl_check=0', form],
    ['ssl_check inside another value', { verify: slack }, 'text=ssl_check=1', form],
    ['ssl_check, where it is turned off', { challenge: false }, 'ssl_check=1', form],
    ['ssl_check, where nobody named Slack', {}, 'ssl_check=1', form],
  ])('%s is an ordinary callback', async (_name, parts, body, type) => {
    const { answer, callbacks } = await post(parts, body, { type })
    expect([answer.status, answer.text, callbacks.length]).toEqual([299, '', 1])
  })

  const payload = `payload=${encodeURIComponent('{"id":"a","status":"done"}')}`
  test.each<[string, Parts, string, string]>([
    ['as Slack sends it', { verify: slack }, 'ssl_check=1&token=Jhj5dZrVaK7ZwHHjRyZWjbDl', form],
    ['alone', { verify: slack }, 'ssl_check=1', form],
    ['with a payload behind it', { verify: slack }, `ssl_check=1&${payload}`, form],
    ['with a payload before it', { verify: slack }, `${payload}&ssl_check=1`, form],
    ['twice, with a payload', { verify: slack }, `ssl_check=0&ssl_check=1&${payload}`, form],
    ['with a charset', { verify: slack }, `ssl_check=1&${payload}`, `${form}; charset=utf-8`],
    ['without verify', { challenge: 'slack' }, `ssl_check=1&${payload}`, form],
    ['without verify, written otherwise', { challenge: 'slack' }, `ssl%5Fcheck=%31&${payload}`, form],
    [
      'without verify, twice and written otherwise',
      { challenge: 'slack' },
      `ssl%5Fcheck=%31&ssl_check=0&${payload}`,
      form,
    ],
  ])('ssl_check, not signed, %s is answered 200 and dropped', async (_name, parts, body, type) => {
    const { answer, callbacks, refusals } = await post(parts, body, { type, signed: false })
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect([callbacks, refusals]).toEqual([[], []])
  })

  test.each([
    ['written otherwise', `ssl%5Fcheck=1&${payload}`, form],
    ['in JSON', '{"ssl_check":"1","id":"a"}', json],
    ['called text', `ssl_check=1&${payload}`, 'text/plain'],
  ])('ssl_check, not signed, %s is refused where senders are verified', async (_name, body, type) => {
    const { answer, callbacks } = await post({ verify: slack }, body, { type, signed: false })
    expect([answer.status, callbacks]).toEqual([401, []])
  })
})

describe('Discord', () => {
  const discord = { verify: verify('discord', 'key') }
  const ping = { application_id: '1', id: '2', token: 't', type: 1, version: 1 }

  test('a ping of interactions is answered with its type', async () => {
    const { answer, callbacks } = await post(discord, ping)
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([200, '{"type":1}', json])
    expect(callbacks).toEqual([])
  })

  test('a ping of webhook events is answered 204 with a content type', async () => {
    const { answer, callbacks } = await post(discord, { version: 1, application_id: '1', type: 0 })
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([204, '', json])
    expect(callbacks).toEqual([])
  })

  test('a ping that is not signed is refused, since Discord tries that', async () => {
    const { answer } = await post(discord, ping, { signed: false })
    expect([answer.status, answer.text]).toEqual([401, ''])
  })

  test.each<[string, unknown]>([
    ['a webhook event, whose type is 1 too', { version: 1, type: 1, event: { type: 'APPLICATION_AUTHORIZED' } }],
    ['a command', { ...ping, type: 2, data: {} }],
    ['a type that is text', { ...ping, type: '1' }],
    ['no type', { id: 'a' }],
    ['null', null],
    ['a list', [ping]],
  ])('%s is an ordinary callback', async (_name, body) => {
    const { answer, callbacks } = await post(discord, body)
    expect([answer.status, callbacks]).toEqual([299, [body]])
  })
})

describe('Zoom', () => {
  // developers.zoom.us/docs/api/webhooks; the hash was made with openssl
  const plainToken = 'qgg8vlvZRS6UYooatFL8Aw'
  const encryptedToken = 'd9e0d764a78494688ba3f2d5c0ed4ca311394b4834d959759213424d2df961e3'
  const zoom = { verify: verify('zoom', 'zoom-secret-token', 'old') }
  const ask = (token: unknown): object => ({
    payload: { plainToken: token },
    event_ts: 1654503849680,
    event: 'endpoint.url_validation',
  })

  test.each<[string, Parts, string]>([
    ['the first secret', zoom, encryptedToken],
    ['a secret of verify by hand', { challenge: 'zoom', verify: verify('hmac', 'zoom-secret-token') }, encryptedToken],
    [
      'a secret in hex',
      { verify: { ...verify('zoom', '00ff10'), keyEncoding: 'hex' } },
      'f0db5241acccd081274076b8df68c246e30bc5892809711ea4ed455756a7096f',
    ],
  ])('endpoint.url_validation is answered with its token under %s', async (_name, parts, hash) => {
    const { answer, callbacks } = await post(parts, ask(plainToken))
    expect([answer.status, answer.headers['content-type']]).toEqual([200, json])
    expect(answer.body).toEqual({ plainToken, encryptedToken: hash })
    expect(callbacks).toEqual([])
  })

  test('one that is not signed is refused', async () => {
    const { answer, refusals } = await post(zoom, ask(plainToken), { signed: false })
    expect([answer.status, answer.text, refusals]).toEqual([401, '', ['ERR_UNVERIFIED: not signed']])
  })

  const forged = 'v0:1700000000:{"event":"meeting.ended"}'
  test.each<[string, unknown]>([
    ['a forged callback', forged],
    ['129 characters', 'x'.repeat(129)],
    ['no text', 5],
    ['a list', [plainToken]],
    ['nothing', ''],
    ['a line end', `${plainToken}\n`],
    ['letters beyond ASCII', 'ü'],
    ['an object', { toString: plainToken }],
  ])('nothing is signed for a token of %s, and it is no callback', async (_name, token) => {
    const { answer, callbacks, refusals } = await post(zoom, ask(token))
    expect([answer.status, answer.text, callbacks]).toEqual([401, '', []])
    expect(refusals).toEqual([expect.stringContaining('ERR_UNVERIFIED: The handshake was refused: payload.plainToken')])
    const signature = createHmac('sha256', 'zoom-secret-token').update(forged).digest('hex')
    expect(JSON.stringify([answer.headers, answer.text, refusals])).not.toContain(signature)
    expect(refusals.join('')).not.toContain(forged)
  })

  test.each<[string, object]>([
    ['without a payload', { event: 'endpoint.url_validation' }],
    ['whose payload is null', { event: 'endpoint.url_validation', payload: null }],
  ])('one %s is refused', async (_name, body) => {
    const { answer, callbacks } = await post(zoom, body)
    expect([answer.status, callbacks]).toEqual([401, []])
  })

  test('another event with such a payload is an ordinary callback', async () => {
    const { answer, callbacks } = await post(zoom, { event: 'meeting.ended', payload: { plainToken } })
    expect([answer.status, callbacks.length]).toEqual([299, 1])
  })
})

describe('Microsoft Graph', () => {
  const graph: Parts = { challenge: 'msgraph', verify: verify('token', 's') }
  const encoded =
    'Validation%3a+Testing+client+application+reachability+for+subscription+Request-Id%3a+25460109-0e8b-4521-8090-dd691b407ed8'
  const decoded =
    'Validation: Testing client application reachability for subscription Request-Id: 25460109-0e8b-4521-8090-dd691b407ed8'

  test.each<[string, string, string, string]>([
    ['as Graph sends it', encoded, decoded, ''],
    ['of markup', '%3Cscript%3Ealert(1)%3C%2Fscript%3E', '<script>alert(1)</script>', ''],
    ['with a body, which is dropped', 'abc', 'abc', '{"value":[{"id":"a"}]}'],
  ])('a validation token, not signed, %s goes back decoded as text', async (_name, token, text, body) => {
    const query = `?validationToken=${token}`
    const { answer, callbacks } = await post(graph, body, { type: 'text/plain', signed: false, query })
    expect([answer.status, answer.text]).toEqual([200, text])
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    })
    expect(callbacks).toEqual([])
  })

  test.each([
    ['empty', '?validationToken='],
    ['too long', `?validationToken=${'x'.repeat(1025)}`],
    ['sent twice', '?validationToken=a&validationToken=b'],
  ])('a validation token that is %s is refused', async (_name, query) => {
    const { answer, callbacks, refusals } = await post(graph, { value: [] }, { query })
    expect([answer.status, answer.text, callbacks]).toEqual([401, '', []])
    expect(refusals).toEqual([expect.stringContaining('validationToken is not a text of 1 to 1,024 characters')])
  })

  test.each([
    ['without a token', ''],
    ['with another parameter', '?xvalidationToken=a'],
    ['with another case', '?validationtoken=a'],
  ])('a notification %s is verified like any other', async (_name, query) => {
    expect((await post(graph, { value: [] }, { query })).answer.status).toBe(299)
    expect((await post(graph, { value: [] }, { query, signed: false })).answer.status).toBe(401)
  })
})
