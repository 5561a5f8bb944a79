import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { callbacks, type CallbacksConfig } from '../../lib'
import { problemsOf } from '../config/problems'

const SECRET = 's3cret-s3cret'
const LONG = 'k'.repeat(80)
const signature = '${header.X-S}'
const x = { path: '/x', challenge: 'x', verify: { scheme: 'hmac', secret: SECRET, signature, encoding: 'base64' } }
const zoom = { path: '/zoom', verify: { scheme: 'zoom', secret: SECRET } }

function hmac(more: object = {}): object {
  return { path: '/other', verify: { scheme: 'hmac', secret: SECRET, signature, ...more } }
}

function refusals(entries: readonly object[], env: Record<string, string> = {}): readonly string[] {
  const config = { listener: { callbacks: entries } } as CallbacksConfig
  return problemsOf(() => callbacks(config, { env })).map(({ at, code, message }) => `${at} ${code} ${message}`)
}

const hex = (text: string): string => Buffer.from(text).toString('hex')

describe('a secret with which a handshake is answered', () => {
  test.each<[string, readonly object[], Record<string, string>?]>([
    ['x and github', [x, { path: '/g', verify: { scheme: 'github', secret: SECRET } }]],
    ['github and x', [{ path: '/g', verify: { scheme: 'github', secret: SECRET } }, x]],
    ['zoom and shopify', [zoom, { path: '/s', verify: { scheme: 'shopify', secret: SECRET } }]],
    ['zoom and line', [zoom, { path: '/s', verify: { scheme: 'line', secret: ['other', SECRET] } }]],
    ['x and the generic form', [x, hmac()]],
    ['x and a text of its parts alone', [x, hmac({ timestamp: '${header.X-T}', signed: '${timestamp}-${raw}' })]],
    ['x and a hash', [x, hmac({ signed: '${sha256}' })]],
    ['x and a header', [x, hmac({ signed: '${header.X-Id}' })]],
    ['x and a secret in hex', [x, hmac({ secret: hex(SECRET), key_encoding: 'hex' })]],
    ['x and a secret in base64', [x, hmac({ secret: Buffer.from(SECRET).toString('base64'), key_encoding: 'base64' })]],
    ['x and a secret that HMAC fills up to it', [x, hmac({ secret: `${hex(SECRET)}0000`, key_encoding: 'hex' })]],
    [
      'x and the hash of a long secret',
      [
        { ...x, verify: { ...x.verify, secret: LONG } },
        hmac({ secret: createHash('sha256').update(LONG).digest('hex'), key_encoding: 'hex' }),
      ],
    ],
    [
      'x and Standard Webhooks without its dots',
      [
        x,
        {
          path: '/w',
          verify: {
            scheme: 'svix',
            secret: `whsec_${Buffer.from(SECRET).toString('base64')}`,
            signed: '${timestamp}${raw}',
          },
        },
      ],
    ],
    [
      'x and another endpoint, both from the environment',
      [
        { ...x, verify: { ...x.verify, secret: '${env.ONE}' } },
        { path: '/g', verify: { scheme: 'meta', secret: '${env.TWO}' } },
      ],
      { ONE: SECRET, TWO: SECRET },
    ],
    ['zoom, answered by an endpoint that signs the body alone', [{ ...hmac(), challenge: 'zoom' }]],
  ])('is refused at start when it is shared: %s', (_name, entries, env = {}) => {
    const found = refusals(entries, env)
    expect(found).toEqual([
      expect.stringMatching(
        /^listener\.callbacks\[\d\]\.verify\.secret ERR_CONFIG_VALUE The secret of .* signs what a handshake/,
      ),
    ])
    expect(found.join()).not.toContain(SECRET)
  })

  test('is refused over the listeners, too', () => {
    const config = {
      listeners: [
        { port: 1, callbacks: [x] },
        { port: 2, callbacks: [hmac()] },
      ],
    } as CallbacksConfig
    expect(problemsOf(() => callbacks(config))).toMatchObject([{ at: 'listeners[0].callbacks[0].verify.secret' }])
  })

  test.each<[string, readonly object[]]>([
    ['x alone', [x]],
    ['zoom alone', [zoom]],
    ['two of x, which both refuse what could be a token', [x, { ...x, path: '/y' }]],
    ['x and slack, whose text has a ":"', [x, { path: '/s', verify: { scheme: 'slack', secret: SECRET } }]],
    ['x and stripe, whose text has a "."', [x, { path: '/s', verify: { scheme: 'stripe', secret: SECRET } }]],
    ['x and square, whose text has a URL', [x, { path: '/s', verify: { scheme: 'square', secret: SECRET } }]],
    ['x and bitbucket by another secret', [x, { path: '/s', verify: { scheme: 'bitbucket', secret: 'another-one' } }]],
    ['x and another algorithm', [x, hmac({ algorithm: 'sha512' })]],
    ['x and a token that is shown', [x, { path: '/s', verify: { scheme: 'token', secret: SECRET } }]],
    ['zoom whose handshake is off', [{ ...zoom, challenge: false }, hmac()]],
    [
      'an older secret, which signs nothing',
      [{ ...x, verify: { ...x.verify, secret: ['new-secret', SECRET] } }, hmac()],
    ],
  ])('may be shared where nothing can be forged with it: %s', (_name, entries) => {
    expect(refusals(entries)).toEqual([])
  })
})
