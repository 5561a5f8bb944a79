import { describe, expect, test } from '@jest/globals'
import request, { type Response } from 'supertest'
import type { ChallengedEndpoint } from '../../lib/listener/handshakes/handshakes'
import { createHandshakeHost, type HandshakeHost, verify } from '../helpers/handshake-host'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

type Parts = Partial<ChallengedEndpoint>

interface Sent extends Pick<HandshakeHost, 'callbacks' | 'refusals'> {
  readonly answer: Response
}

async function get(parts: Parts, query: string): Promise<Sent> {
  const { listener, ...seen } = createHandshakeHost(parts)
  return { ...seen, answer: await request(await hosts.serve(listener)).get(`/hook${query}`) }
}

async function post(parts: Parts, body: string, type: string, query = ''): Promise<Sent> {
  const { listener, ...seen } = createHandshakeHost(parts)
  const sending = request(await hosts.serve(listener))
    .post(`/hook${query}`)
    .type(type)
    .set('verified', 'yes')
  return { ...seen, answer: await sending.send(body) }
}

describe('Meta', () => {
  // developers.facebook.com/docs/graph-api/webhooks/getting-started
  const example = '?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meatyhamhock'
  const meta: Parts = {
    challenge: { type: 'meta', tokens: ['new', 'meatyhamhock'] },
    verify: verify('meta', 'app-secret'),
  }

  test.each<[string, Parts, string, string]>([
    ['as the documentation has it', meta, example, '1158201444'],
    ['with the other token', meta, example.replace('meatyhamhock', 'new'), '1158201444'],
    [
      'where verify says that it is Meta',
      { ...meta, challenge: { type: undefined, tokens: ['meatyhamhock'] } },
      example,
      '1158201444',
    ],
    ['without verify', { challenge: { type: 'meta', tokens: ['meatyhamhock'] } }, example, '1158201444'],
    ['beside callbacks by GET', { ...meta, method: 'GET' }, example, '1158201444'],
    ['of markup', meta, example.replace('1158201444', '%3Cb%3E'), '<b>'],
  ])('a verification request %s is answered with its challenge', async (_name, parts, query, text) => {
    const { answer, callbacks } = await get(parts, query)
    expect([answer.status, answer.text]).toEqual([200, text])
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    })
    expect(callbacks).toEqual([])
  })

  test.each([
    ['another token', example.replace('meatyhamhock', 'meatyhamhocK'), 'hub.verify_token'],
    ['a longer token', `${example}s`, 'hub.verify_token'],
    ['the app secret as token', example.replace('meatyhamhock', 'app-secret'), 'hub.verify_token'],
    ['an empty token', example.replace('meatyhamhock', ''), 'hub.verify_token'],
    ['no token', '?hub.mode=subscribe&hub.challenge=1158201444', 'hub.verify_token'],
    ['two tokens', `${example}&hub.verify_token=meatyhamhock`, 'hub.verify_token'],
    ['a token beyond ASCII', example.replace('meatyhamhock', 'm%C3%A9atyhamhock'), 'hub.verify_token'],
    ['another mode', example.replace('subscribe', 'unsubscribe'), 'hub.mode'],
    ['two modes', `${example}&hub.mode=subscribe`, 'hub.mode'],
    ['no challenge', '?hub.mode=subscribe&hub.verify_token=meatyhamhock', 'hub.challenge'],
    ['two challenges', `${example}&hub.challenge=1`, 'hub.challenge'],
    ['a challenge that is too long', example.replace('1158201444', '1'.repeat(1025)), 'hub.challenge'],
  ])('a verification request with %s is refused', async (_name, query, reason) => {
    const { answer, callbacks, refusals } = await get(meta, query)
    expect([answer.status, answer.text, callbacks]).toEqual([401, '', []])
    expect(refusals).toEqual([expect.stringContaining(`ERR_UNVERIFIED: The handshake was refused: ${reason}`)])
    expect(refusals.join('')).not.toMatch(/meatyhamhoc|app-secret/)
  })

  test.each(['', '?page=2', '?hub_mode=subscribe'])('any other GET is left to the app: "%s"', async (query) => {
    expect((await get(meta, query)).answer.status).toBe(404)
  })

  test('by POST it is an ordinary callback', async () => {
    const { answer, callbacks } = await post(meta, '{"id":"a"}', 'application/json', example)
    expect([answer.status, answer.text, callbacks]).toEqual([299, '', [{ id: 'a' }]])
  })
})

describe('X', () => {
  // docs.x.com/x-api/webhooks/quickstart; the hashes were made with openssl
  const x: Parts = { challenge: 'x', verify: verify('hmac', 'x-consumer-secret', 'old') }
  const json = 'application/json'

  test.each([
    ['as in the documentation', '?crc_token=foo', 'sha256=6XG4pi4uOaHE/mvww3G7rJpWsXqOJdrJJ8N2H4JsjNo='],
    [
      'with a nonce',
      '?crc_token=MWEzZjBjZGEtNmU5Yi00YzFkLTkzNzAtZjYyYjVhMGM4ZDE3&nonce=YWJj',
      'sha256=AU4ARUPVzsGqfw0FMsoTgyzYs8zzy2jCXhZ5e7CNLPY=',
    ],
  ])('a check %s is answered with its token under the first secret', async (_name, query, token) => {
    const { answer, callbacks } = await get(x, query)
    expect([answer.status, answer.headers['content-type']]).toEqual([200, json])
    expect([answer.body, callbacks]).toEqual([{ response_token: token }, []])
  })

  test.each([
    ['of a forged callback', encodeURIComponent('{"for_user_id":"1"}')],
    ['of 129 characters', 'x'.repeat(129)],
    ['that is empty', ''],
    ['that comes twice', 'foo&crc_token=bar'],
    ['with a line end', 'foo%0A'],
    ['with a dot', 'foo.bar'],
  ])('nothing is signed for a token %s', async (_name, token) => {
    const { answer, callbacks, refusals } = await get(x, `?crc_token=${token}`)
    expect([answer.status, answer.text, callbacks]).toEqual([401, '', []])
    expect(refusals).toEqual([expect.stringContaining('ERR_UNVERIFIED: The handshake was refused: crc_token')])
  })

  test.each(['', '?page=2', '?xcrc_token=foo'])('any other GET is left to the app: "%s"', async (query) => {
    expect((await get(x, query)).answer.status).toBe(404)
  })

  test('by POST it is an ordinary callback', async () => {
    const { answer, callbacks } = await post(x, '{"id":"a"}', json, '?crc_token=foo')
    expect([answer.status, answer.text, callbacks]).toEqual([299, '', [{ id: 'a' }]])
  })

  test.each([
    ['a number', '12345', json],
    ['a form', 'foo', 'application/x-www-form-urlencoded'],
    ['text', 'task-1', 'text/plain'],
  ])('a body that a check would sign is refused, also with a signature: %s', async (_name, body, type) => {
    const { answer, callbacks, refusals } = await post(x, body, type)
    expect([answer.status, callbacks]).toEqual([401, []])
    expect(refusals).toEqual([expect.stringContaining('its signature proves nothing')])
  })
})
