import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from '@jest/globals'
import { callbacks, type CallbacksConfig } from '../../lib'
import { problemsOf } from '../config/problems'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

const SECRET = 's3cret'
const DONE = '{"id":"a","n":1}'

function endpoint(scheme: string, verify: object = {}): object {
  return { path: '/done', identify_by: '${body.id}', verify: { scheme, secret: SECRET, ...verify } }
}

function listening(...entries: readonly object[]): CallbacksConfig {
  return { listener: { callbacks: entries } } as CallbacksConfig
}

describe('a URL that is signed', () => {
  const square = endpoint('square')
  const untold = (config: CallbacksConfig, options = {}): readonly string[] =>
    hosts
      .start(config, options)
      .log.filter(({ message }) => message.includes('header Host'))
      .map(({ message }) => message)

  test('is that of this server, whatever the sender calls it', async () => {
    const config = { listener: { public_url: 'https://ours.example', callbacks: [square] } } as CallbacksConfig
    const { hooks, post } = await hosts.open(config)
    const wait = hooks.wait('a')
    const send = (url: string) => {
      const signature = createHmac('sha256', SECRET).update(`${url}${DONE}`).digest('base64')
      const named = { host: 'theirs.example', 'x-forwarded-host': 'theirs.example' }
      return post('/done')
        .type('json')
        .set({ ...named, 'x-square-hmacsha256-signature': signature })
        .send(DONE)
    }
    const answer = await send('https://theirs.example/done')
    expect([answer.status, answer.text]).toEqual([401, '{"error":"ERR_UNVERIFIED"}'])
    expect(hooks.stats()).toMatchObject({ received: 0, parked: 0, waiting: 1 })
    expect((await send('https://ours.example/done')).status).toBe(200)
    await expect(wait).resolves.toEqual({ id: 'a', n: 1 })
  })

  const written = { signature: '${header.X-S}', signed: '${url}${raw}' }
  test.each<[string, object]>([
    ['square', square],
    ['twilio', endpoint('twilio')],
    ['a template', endpoint('hmac', written)],
  ])('is warned of where nothing but the request tells it: %s', (_name, entry) => {
    expect(untold(listening(entry))).toEqual([
      'listener.callbacks[0].verify: POST /done verifies the URL that its sender signs, but knows it only from the ' +
        'header Host, which anybody can write: a callback that was signed for another server would be believed; give ' +
        'the listener its "public_url"',
    ])
  })

  test.each<[string, CallbacksConfig, object]>([
    ['by the listener', { listener: { public_url: 'https://a.example', callbacks: [square] } } as object, {}],
    ['by the app', listening(square), { publicUrl: 'https://a.example' }],
    ['by a gateway', { ...listening(square), gateway: { driver: 'ngrok', port: 8090 } }, {}],
    ['or is none', listening(endpoint('github')), {}],
  ])('is no matter where it is told %s', (_name, config, options) => {
    expect(untold(config, options)).toEqual([])
  })
})

/** Sends bytes as they are, and returns the status and the body of the answer. */
async function sendRaw(origin: string, lines: readonly string[], body: string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.end(
    `${[...lines, 'Connection: close', `Content-Length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`,
  )
  const answer = await text(socket)
  return `${answer.slice(9, 12)} ${answer.slice(answer.indexOf('\r\n\r\n') + 4)}`
}

const REFUSED = '400 {"error":"ERR_REQUEST"}'

describe('a Host that is no name and port', () => {
  const endpoints = [
    endpoint('square'),
    { ...endpoint('twilio'), path: '/twilio' },
    { ...endpoint('hmac', { signature: '${header.X-S}', signed: '${url}|${raw}' }), path: '/own' },
  ]
  const forged = '{"id":"a","x":"'

  test.each([
    ['bytes of the body in it', [`Host: hooks.example.com/done${forged}`]],
    ['a path', ['Host: hooks.example.com/x']],
    ['a query', ['Host: hooks.example.com?x']],
    ['a fragment', ['Host: hooks.example.com#x']],
    ['a user', ['Host: user@hooks.example.com']],
    ['a backslash', ['Host: hooks.example.com\\x']],
    ['a space', ['Host: hooks.example.com x']],
    ['no number as its port', ['Host: hooks.example.com:80a']],
    ['two ports', ['Host: hooks.example.com:80:80']],
    ['an open bracket', ['Host: [::1']],
    ['another one beside it', ['Host: hooks.example.com', 'host: hooks.example.com']],
  ])('is refused, with %s', async (_name, lines) => {
    const config = { listener: { public_url: 'https://ours.example', callbacks: endpoints } } as CallbacksConfig
    for (const { origin, hooks } of [await openHost(listening(...endpoints)), await openHost(config)]) {
      for (const path of ['/done', '/twilio', '/own']) {
        const headers = ['x-square-hmacsha256-signature: AAAA', 'x-twilio-signature: AAAA', 'x-s: aa']
        const answer = await sendRaw(origin, [`POST ${path} HTTP/1.1`, ...lines, ...headers], DONE)
        // Node itself refuses two of them.
        expect([REFUSED, '400 ']).toContain(answer)
      }
      expect(hooks.stats()).toMatchObject({ received: 0, parked: 0 })
    }
  })

  test('is refused in a whole URL as the target, too', async () => {
    const { origin } = await openHost(listening(...endpoints))
    const lines = [
      `POST http://user@hooks.example.com/done HTTP/1.1`,
      'Host: hooks.example.com',
      'x-square-hmacsha256-signature: AAAA',
    ]
    expect(await sendRaw(origin, lines, DONE)).toBe(REFUSED)
  })

  test('is no matter where no URL is signed', async () => {
    const { origin } = await openHost(listening(endpoint('github')))
    const signature = `sha256=${createHmac('sha256', SECRET).update(DONE).digest('hex')}`
    const lines = [
      'POST /done HTTP/1.1',
      'Host: a/b',
      `x-hub-signature-256: ${signature}`,
      'content-type: application/json',
    ]
    expect(await sendRaw(origin, lines, DONE)).toBe('200 ')
  })

  test.each([
    ['a name', 'hooks.example.com', '/done'],
    ['a name and a port', 'hooks.example.com:8090', '/done'],
    ['a name of a container', 'my_service:8090', '/done'],
    ['an IPv6 address', '[::1]:8090', '/done'],
    ['a query', 'hooks.example.com', '/done?x=%7B&y='],
    ['an empty query', 'hooks.example.com', '/done?'],
  ])('and one that is, is believed as it is: %s', async (_name, host, target) => {
    const { origin } = await openHost(listening(endpoint('square')))
    const signature = createHmac('sha256', SECRET).update(`http://${host}${target}${DONE}`).digest('base64')
    const lines = [
      `x-square-hmacsha256-signature: ${signature}`,
      'content-type: application/json',
      'x-forwarded-host: theirs.example',
    ]
    expect(await sendRaw(origin, [`POST ${target} HTTP/1.1`, `Host: ${host}`, ...lines], DONE)).toBe('200 ')
    const whole = [`POST http://${host}${target} HTTP/1.1`, 'Host: theirs.example', ...lines]
    expect(await sendRaw(origin, whole, DONE)).toBe('200 ')
  })

  async function openHost(config: CallbacksConfig) {
    return hosts.open(config)
  }
})

describe('bytes of a signed body', () => {
  const url = 'http://h.example/done?tenant=1'

  test.each([
    ['to the query', '/done?tenant=1{"id":', '"a","n":1}'],
    ['to the query, all of them', `/done?tenant=1${DONE.replaceAll(' ', '')}`, ''],
    ['from the query', '/done?tenant=', `1${DONE}`],
    ['from the whole query', '/done', `?tenant=1${DONE}`],
  ])('are not moved %s', async (_name, target, body) => {
    const { origin, hooks } = await hosts.open(listening(endpoint('square')))
    const signature = createHmac('sha256', SECRET)
      .update(url + DONE)
      .digest('base64')
    const lines = [`POST ${target} HTTP/1.1`, 'Host: h.example', `x-square-hmacsha256-signature: ${signature}`]
    const answer = await sendRaw(origin, lines, body)
    // Without its query the path is fixed: what was moved makes the body no JSON, so that it has no id.
    expect([answer.slice(0, 3), hooks.stats().settled, hooks.stats().parked]).toEqual([
      target === '/done' ? '200' : '401',
      0,
      0,
    ])
  })

  test('are not moved where the body is a form, either', async () => {
    const own = endpoint('hmac', { signature: '${header.X-S}', signed: '${url}${raw}' })
    const { origin } = await hosts.open(listening({ ...own, identify_by: '${query.id}' }))
    const signature = createHmac('sha256', SECRET).update('http://h.example/done?a=12&id=victim').digest('hex')
    for (const [target, body] of [
      ['/done?a=1', '2&id=victim'],
      ['/done?a=12&id=victim', ''],
    ] as const) {
      const lines = [`POST ${target} HTTP/1.1`, 'Host: h.example', `x-s: ${signature}`]
      expect(await sendRaw(origin, lines, body)).toBe('401 {"error":"ERR_UNVERIFIED"}')
    }
  })
})

describe('a public URL with user and password', () => {
  const TOKEN = 'twilio-auth-token'
  const PASSWORD = 'pa%24sw0rd-1'
  const publicUrl = `https://hooks-user:${PASSWORD}@ours.example`
  const entry = { path: '/sms', identify_by: '${body.MessageSid}', verify: { scheme: 'twilio', secret: TOKEN } }
  const twilio: {
    getExpectedTwilioSignature(secret: string, url: string, parameters: object): string
  } = require('twilio')

  test.each<[string, CallbacksConfig, object]>([
    ['the listener', { listener: { public_url: publicUrl, callbacks: [entry] } } as object, {}],
    ['the app', listening(entry), { publicUrl }],
    ['a gateway', { ...listening(entry), gateway: { driver: 'static', port: 8090, public_url: publicUrl } }, {}],
  ])('is what Twilio signs, and is not shown: that of %s', async (_name, config, options) => {
    const { hooks, post, log } = await hosts.open(config, options)
    const seen: unknown[] = []
    for (const name of ['gateway', 'rejected', 'warning', 'parked'] as const)
      hooks.on(name, (event) => void seen.push(event))
    await hooks.open()
    for (const url of [publicUrl, `${publicUrl}:443`, 'https://ours.example']) {
      const signature = twilio.getExpectedTwilioSignature(TOKEN, `${url}/sms`, { MessageSid: 'SM1', Body: 'hello' })
      const answer = await post('/sms')
        .type('form')
        .set('x-twilio-signature', signature)
        .send('MessageSid=SM1&Body=hello')
      expect([url, answer.status]).toEqual([url, 200])
    }
    const other = twilio.getExpectedTwilioSignature(TOKEN, 'https://hooks-user:other@ours.example/sms', {
      MessageSid: 'SM1',
    })
    const answer = await post('/sms').type('form').set('x-twilio-signature', other).send('MessageSid=SM1')
    expect([answer.status, answer.text]).toEqual([401, '{"error":"ERR_UNVERIFIED"}'])
    const shown = JSON.stringify([log, seen, [...hooks.gateways.values()]])
    expect(shown).not.toContain('sw0rd')
    expect(shown).not.toContain('hooks-user')
  })

  test('is in a ticket, which the service has to call', async () => {
    const { hooks } = hosts.start({ listener: { public_url: publicUrl, callbacks: [entry] } } as object)
    expect(hooks.ticket().url).toContain(`${publicUrl}/sms?callback_id=`)
  })

  test('is refused for a tunnel, without showing it', () => {
    const gateway = { driver: 'cloudflare', port: 8090, token: 'none', public_url: publicUrl }
    const problems = problemsOf(() => callbacks({ ...listening(entry), gateway }))
    expect(problems).toMatchObject([
      { at: 'gateway.public_url', message: expect.stringContaining('no user and password') },
    ])
    expect(JSON.stringify(problems)).not.toContain('sw0rd')
  })
})

describe('a form of Twilio', () => {
  const TOKEN = 'twilio-auth-token'
  const twilio: {
    getExpectedTwilioSignature(secret: string, url: string, parameters: object): string
  } = require('twilio')

  test.each([
    ['application/x-www-form-urlencoded', 200],
    ['application/x-www-form-urlencoded; charset=UTF-8', 200],
    ['application/x-www-form-urlencoded; charset=utf-16le', 200],
    ['application/x-www-form-urlencoded; charset=utf-16be', 200],
    ['application/json', 401],
    ['text/plain', 401],
    ['multipart/form-data; boundary=x', 401],
  ])('is verified as it is read: %s', async (type, status) => {
    const entry = { path: '/sms', identify_by: '${body.MessageSid}', verify: { scheme: 'twilio', secret: TOKEN } }
    const config = { listener: { public_url: 'https://ours.example', callbacks: [entry] } } as CallbacksConfig
    const { hooks, post } = await hosts.open(config)
    const parameters = { MessageSid: 'SM1', Body: 'hello' }
    const signature = twilio.getExpectedTwilioSignature(TOKEN, 'https://ours.example/sms', parameters)
    const call = post('/sms').set({ 'content-type': type, 'x-twilio-signature': signature })
    expect((await call.send('MessageSid=SM1&Body=hello')).status).toBe(status)
    expect(hooks.stats()).toMatchObject({ received: status === 200 ? 1 : 0, parked: status === 200 ? 1 : 0 })
  })

  test('is no JSON, though its names and values would be the same text', async () => {
    const entry = { path: '/sms', identify_by: '${body.MessageSid}', verify: { scheme: 'twilio', secret: TOKEN } }
    const { post } = await hosts.open({
      listener: { public_url: 'https://ours.example', callbacks: [entry] },
    } as object)
    const signature = twilio.getExpectedTwilioSignature(TOKEN, 'https://ours.example/sms', { n: '1' })
    const call = post('/sms').type('form').set('x-twilio-signature', signature)
    expect((await call.send('{"n":1}')).status).toBe(401)
  })
})
