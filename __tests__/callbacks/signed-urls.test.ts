import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
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
