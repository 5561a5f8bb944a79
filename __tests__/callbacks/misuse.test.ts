import { describe, expect, test } from '@jest/globals'
import { callbacks, type CallbacksConfig, type CallbacksOptions, parseConfig } from '../../lib'
import { problemsOf } from '../config/problems'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const config: CallbacksConfig = { listener: { path: '/done', identify_by: '${body.id}' } }

/** What an app may give in place of the address of a server. */
const GIVEN = {
  pool: { pool: { connect: () => Promise.reject(new Error('not yet')) } },
  redis: { redis: { options: {}, call: () => Promise.reject(new Error('not yet')), duplicate: () => undefined } },
}

describe('an option that cannot be used is refused', () => {
  test.each<[string, unknown, string]>([
    ['logger', {}, 'it needs the methods debug, info, warn, error'],
    ['clock', {}, 'it needs the methods now, setTimeout, clearTimeout'],
    ['mountPath', 5, 'found 5'],
    ['port', 'x', 'found "x"'],
    ['publicUrl', 'ftp://x.example', 'http:// or https://'],
    ['publicUrl', 'https://u:p@x.example/?a=1#f', 'http:// or https://'],
    ['pool', {}, 'it needs the methods connect'],
    ['pool', { connect: () => undefined }, 'the store is of the type memory'],
    ['redis', {}, 'it needs the methods call, duplicate'],
    ['redis', { call: () => undefined, duplicate: () => undefined }, 'the store is of the type memory'],
  ])('%s: %j', (name, value, message) => {
    const options: CallbacksOptions = Object.fromEntries([[name, value]])
    expect(() => callbacks(config, options)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_VALUE',
        at: `options.${name}`,
        message: expect.stringContaining(message),
      }),
    )
  })
})

test.each([
  ['loger', 'did you mean "logger"?'],
  ['mount_path', 'did you mean "mountPath"?'],
  ['colour', 'there are logger, env, now, clock, mountPath, publicUrl, port, fetch, tunnels, pool, redis'],
])('the unknown option %s is refused', (name, message) => {
  const options: CallbacksOptions = Object.fromEntries([[name, console]])
  expect(() => callbacks(config, options)).toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIG_VALUE',
      at: `options.${name}`,
      message: expect.stringContaining(message),
    }),
  )
  expect(() => callbacks(config, Object.fromEntries([[name, undefined]]))).not.toThrow()
})

test.each([
  ['ngork', 'gateway.driver: There is no driver "ngork": did you mean "ngrok"? Bring your own in options.tunnels'],
  [
    'mine',
    'There is no driver "mine": there are cloudflare, ngrok, command, static, ssh. Bring your own in options.tunnels',
  ],
])('the unknown driver %s is a warning', (driver, message) => {
  const { log } = hosts.start({ ...config, gateway: { driver, port: 8090 } })
  const warnings = log.filter(
    ({ level, details }) => level === 'warn' && !('at' in details && details.at === 'listener'),
  )
  expect(warnings).toMatchObject([{ message: expect.stringContaining(message) }])
})

test.each([
  ['{ type: file }', 'path', 'missing; a store of type "file" needs the folder of its journal'],
  ['{ type: postgres }', 'url', 'missing; a store of type "postgres" needs the address of its server'],
  ['{ type: postgres, url: "redis://localhost" }', 'url', 'begins with postgres:// or postgresql://'],
  ['{ type: redis, url: localhost }', 'url', 'begins with redis:// or rediss://'],
])('the store %s is refused at its key', (store, key, message) => {
  const problems = problemsOf(() => callbacks(parseConfig(`store: ${store}\nlistener: { path: /done }`)))
  expect(problems).toMatchObject([{ at: `store.${key}`, message: expect.stringContaining(message) }])
})

test.each([
  ['{ type: postgres }', 'pool'],
  ['postgres', 'pool'],
  ['{ type: postgres, prefix: mine, url: "postgres://localhost" }', 'pool'],
  ['{ type: redis }', 'redis'],
  ['redis', 'redis'],
  ['{ type: redis, prefix: mine, url: "redis://localhost" }', 'redis'],
] as const)('the store %s needs no url with options.%s', (store, option) => {
  const given = GIVEN[option]
  expect(() => callbacks(parseConfig(`store: ${store}\nlistener: { path: /done }`), given)).not.toThrow()
})

test.each([
  ['{ type: redis }', 'url', 'missing; a store of type "redis" needs the address of its server', GIVEN.pool],
  ['{ type: file }', 'path', 'missing', GIVEN.pool],
  ['{ type: postgres, url: "redis://localhost" }', 'url', 'begins with postgres:// or postgresql://', GIVEN.pool],
  ['{ type: postgres }', 'url', 'missing; a store of type "postgres" needs the address of its server', GIVEN.redis],
  ['{ type: file }', 'path', 'missing', GIVEN.redis],
  ['{ type: redis, url: "postgres://localhost" }', 'url', 'begins with redis:// or rediss://', GIVEN.redis],
])('the store %s is refused with a client of the app too', (store, key, message, given) => {
  const problems = problemsOf(() => callbacks(parseConfig(`store: ${store}\nlistener: { path: /done }`), given))
  expect(problems).toMatchObject([{ at: `store.${key}`, message: expect.stringContaining(message) }])
})

test.each(['redis://:p@a:7000,b:7001', 'redis://a,b,c:1/0', 'rediss://u:p,q@[::1]:1,b?family=6'])(
  '%s names nodes',
  (url) => {
    expect(() =>
      callbacks(parseConfig(`store: { type: redis, url: "${url}" }\nlistener: { path: /done }`)),
    ).not.toThrow()
  },
)

test.each(['redis://a:7000,b:x', 'redis://a:99999,b', 'redis://a,b c'])('%s cannot be read', (url) => {
  const problems = problemsOf(() =>
    callbacks(parseConfig(`store: { type: redis, url: "${url}" }\nlistener: { path: /done }`)),
  )
  expect(problems).toMatchObject([{ at: 'store.url', message: expect.stringContaining('cannot be read as a URL') }])
})

test.each([[{}], [Number.NaN], [2 ** 53], [[['a']]]])('%j is no id to wait for', (id) => {
  const { hooks } = hosts.start(config)
  expect(() => hooks.wait(id as string)).toThrow(expect.objectContaining({ code: 'ERR_WAIT_ID' }))
})

test('an unknown event is refused with the events that there are', () => {
  const { hooks } = hosts.start(config)
  expect(() => hooks.on('setled' as 'settled', () => undefined)).toThrow(/received, settled, failed/)
})

test('an onProgress that rejects is an error event, and no unhandled rejection', async () => {
  const { hooks, post } = await hosts.open({
    listener: { ...config.listener, path: '/done', status: '${body.s}', success_when: 'ok' },
  })
  const errors: unknown[] = []
  hooks.on('error', ({ error }) => errors.push(error))
  const wait = hooks.wait('a', { onProgress: () => Promise.reject(new Error('broken')) as never })
  await post('/done').send({ id: 'a', s: 'running' }).expect(200)
  await post('/done').send({ id: 'a', s: 'ok' }).expect(200)
  await wait
  expect(errors).toEqual([expect.objectContaining({ message: 'broken' })])
})

test('an id that is the same for all is a warning, a tunnel of the package is none', () => {
  const { log } = hosts.start(
    parseConfig(`
gateway: { driver: ngrok, port: 8090 }
workflow: { jobs: [{ component: logger }] }
controller: { port: 8080 }
listener: { path: /done, identify_by: body.id }
`),
  )
  expect(log.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    '<yaml>:5:39 listener.identify_by: "body.id" is the same for every callback; did you mean "${body.id}"?',
    expect.stringContaining(
      "listener: anybody who knows the public URL can send callbacks to POST /done, in anyone's name",
    ),
  ])
})

test('a ticket for the port of a gateway that is not open is refused rather than sent astray', () => {
  const { hooks } = hosts.start({ ...config, gateway: { driver: 'ngrok', port: 8090 } })
  expect(() => hooks.ticket()).toThrow(expect.objectContaining({ code: 'ERR_GATEWAY_NOT_READY' }))
})

test('a static gateway gives its URL to tickets and templates', async () => {
  const { hooks } = hosts.start({ ...config, gateway: { public_url: 'https://hooks.example', port: 8090 } })
  expect(hooks.ticket().url).toMatch(/^https:\/\/hooks\.example\/done\?callback_id=/)
  await expect(hooks.render('${gateway:8090.public_url}/done')).resolves.toBe('https://hooks.example/done')
})

test('close() ends a drain that is under way', async () => {
  const { hooks } = hosts.start(config)
  const wait = hooks.wait('a')
  const draining = hooks.close({ drain: '1h' })
  await hooks.close()
  await draining
  await expect(wait).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})

test.each<[unknown, string]>([
  [undefined, 'no reason given'],
  ['gone', 'gone'],
  [{ code: 1 }, '{ code: 1 }'],
  [Object.create(null), '[Object: null prototype] {}'],
])('fail() with %p says why', async (reason, message) => {
  const { hooks } = hosts.start(config)
  const wait = hooks.wait('a')
  await hooks.fail('a', reason)
  await expect(wait).rejects.toMatchObject({
    code: 'ERR_CALLBACK_FAILED',
    message: `POST /done was failed by hand for "a": ${message}`,
    id: 'a',
  })
})
