import { describe, expect, test } from '@jest/globals'
import { compileConfig } from '../../lib/config/normalize'
import { compileYaml, linesOf } from './problems'

const PIN = `SHA256:${'x'.repeat(43)}`

describe('a gateway', () => {
  test('has every default', () => {
    expect(compileConfig({ gateway: { driver: 'ngrok', port: 8080 } }).gateways).toEqual([
      {
        at: 'gateway',
        location: undefined,
        type: 'http-tunnel',
        driver: 'ngrok',
        runtime: 'native',
        image: undefined,
        port: 8080,
        host: '127.0.0.1',
        remotePort: undefined,
        publicUrl: undefined,
        bin: undefined,
        install: false,
        authtoken: undefined,
        domain: undefined,
        token: undefined,
        tunnel: undefined,
        credentialsFile: undefined,
        hostname: undefined,
        settleMs: undefined,
        command: undefined,
        urlPattern: undefined,
        readyPattern: undefined,
        trustForwarded: false,
        connection: undefined,
      },
    ])
  })

  test('with several ports becomes several', () => {
    const { gateways } = compileConfig({ gateway: { driver: 'ngrok', port: [8080, '8090'], host: 'a.io' } })
    expect(gateways).toMatchObject([
      { port: 8080, host: 'a.io' },
      { port: 8090, host: 'a.io' },
    ])
  })

  test.each([
    ['one of your own', { driver: 'bore', port: 1 }, 'bore'],
    ['static', { public_url: 'https://x', port: 1 }, 'static'],
    ['command', { command: ['lt', '{port}'], port: 1 }, 'command'],
    ['ssh', { type: 'ssh-tunnel', port: 1, connection: { host: 'h' } }, 'ssh'],
    ['ssh', { port: 1, connection: { host: 'h' } }, 'ssh'],
  ] as const)('has the driver %s', (_, gateway, driver) => {
    expect(compileConfig({ gateway }).gateways).toMatchObject([{ driver }])
  })

  test.each([
    [8080, { port: 8080, host: '127.0.0.1', remotePort: 8080 }],
    ['9834:8090', { port: 8090, host: '127.0.0.1', remotePort: 9834 }],
    ['0:8090', { port: 8090, remotePort: 0 }],
    ['9834:app:3000', { port: 3000, host: 'app', remotePort: 9834 }],
    ['9834:[::1]:3000', { port: 3000, host: '::1', remotePort: 9834 }],
  ])('over ssh understands the port %p', (port, expected) => {
    expect(compileConfig({ gateway: { port, connection: { host: 'h' } } }).gateways).toMatchObject([expected])
  })

  test.each([
    [{ host: 'h' }, { port: 22, keepaliveIntervalMs: 15_000, auth: { type: 'agent', username: undefined } }],
    [
      { host: 'h', port: '2222', auth: 'agent' },
      { port: 2222, auth: { type: 'agent' } },
    ],
    [
      { host: 'h', host_key: PIN, known_hosts: '~/k', keepalive_interval: '5s', auth: { keyfile: '~/.ssh/id' } },
      {
        hostKey: PIN,
        knownHosts: '~/k',
        keepaliveIntervalMs: 5000,
        auth: { type: 'keyfile', keyfile: '~/.ssh/id' },
      },
    ],
    [
      { host: 'h', auth: { username: 'u', password: 'p' } },
      { auth: { type: 'password', username: 'u', password: 'p' } },
    ],
  ] as const)('over ssh reads the connection %j', (connection, expected) => {
    expect(compileConfig({ gateway: { port: 1, connection } }).gateways[0]?.connection).toMatchObject(expected)
  })
})

describe('a gateway that leads to a port of no listener', () => {
  const listener = { port: 8090, path: '/done' }

  test.each([
    ['a warning, when there are listeners', [listener], 8080, 1],
    ['none, when one has the port', [{ port: 7000, path: '/a' }, listener], 8090, 0],
    ['none, when there is no listener: it is for the host app', [], 8080, 0],
    ['none, when a listener takes any port', [{ port: 0, path: '/done' }], 8080, 0],
  ])('is %s', (_, listeners, port, count) => {
    const { warnings } = compileConfig({ listeners, gateway: { driver: 'ngrok', port } })
    expect(warnings).toHaveLength(count)
    const fixed = { driver: 'static', port, public_url: 'https://hooks.example' } as const
    expect(compileConfig({ listeners, gateway: fixed }).warnings).toEqual([])
  })

  test.each([
    ['another machine', '9834:db.internal:3000', 0],
    ['this one', '9834:localhost:3000', 1],
    ['this one, by IPv6', '9834:[::1]:3000', 1],
  ])('is no matter of the listeners when the port is on %s', (_, port, count) => {
    const { warnings } = compileConfig({ listener, gateway: { port, connection: { host: 'h' } } })
    expect(warnings).toHaveLength(count)
  })

  test('is told the ports of all listeners', () => {
    const listeners = [listener, { port: 7000, path: '/a' }]
    const { warnings } = compileConfig({ listeners, gateway: { driver: 'ngrok', port: 1 } })
    expect(warnings.map(({ message }) => message)).toEqual([
      'no listener has the port 1, to which this gateway leads; there are 8090, 7000',
    ])
  })

  test('is warned of at the key, for each port', () => {
    const { warnings } = compileYaml('listener: { path: /done }\ngateway:\n  driver: ngrok\n  port: [1, 8090, 2]\n')
    expect(warnings.map(({ code, at, message }) => ({ code, at, message }))).toEqual(
      [1, 2].map((port) => ({
        code: 'ERR_GATEWAY_PORT',
        at: 'gateway.port',
        message: `no listener has the port ${port}, to which this gateway leads; there is 8090`,
      })),
    )
  })
})

describe('a gateway is refused when', () => {
  test.each([
    [
      'its port has one already',
      'gateways: [{ driver: ngrok, port: 1 }, { driver: cloudflare, port: [2, 1] }]',
      'gateways[1].port',
      'port 1 has a gateway already (gateways[0]); a port has one',
    ],
    [
      'it names a port twice',
      'gateway: { driver: ngrok, port: [1, 1] }',
      'gateway.port',
      'port 1 has a gateway already',
    ],
    ['its list of ports is empty', 'gateway: { driver: ngrok, port: [] }', 'gateway.port', 'found an empty list'],
    [
      'its port is none',
      'gateway: { driver: ngrok, port: 99999 }',
      'gateway.port',
      'expected a whole number from 1 to 65535, found 99999',
    ],
    ['it has a pair of ports without ssh', 'gateway: { driver: ngrok, port: "1:2" }', 'gateway.port', 'found "1:2"'],
    [
      'its pair of ports is none',
      'gateway: { port: "1:2:3:4", connection: { host: h } }',
      'gateway.port',
      '"remote:local" or "remote:host:local", found',
    ],
    [
      'it names no driver',
      'gateway: { port: 1 }',
      'gateway.driver',
      'missing; expected cloudflare, ngrok, command or static',
    ],
    [
      'it is static without a URL',
      'gateway: { driver: static, port: 1 }',
      'gateway.public_url',
      'missing; static needs public_url',
    ],
    [
      'its driver is to start a program that it does not name',
      'gateway: { driver: command, port: 1 }',
      'gateway.command',
      'missing; the driver "command" needs it',
    ],
    [
      'its tunnel is named, and its public name is not',
      'gateway: { driver: cloudflare, token: t, port: 1 }',
      'gateway.hostname',
      'missing; a tunnel with "token" needs its public name, which cloudflared never prints',
    ],
    [
      'it has no server',
      'gateway: { type: ssh-tunnel, port: 1 }',
      'gateway.connection',
      'missing; an ssh-tunnel needs the server',
    ],
    [
      'its server has no host',
      'gateway: { port: 1, connection: {} }',
      'gateway.connection.host',
      'missing; expected text',
    ],
    [
      'its key file is missing',
      'gateway: { port: 1, connection: { host: h, auth: keyfile } }',
      'gateway.connection.auth.keyfile',
      'missing; auth of type "keyfile" needs it',
    ],
    [
      'its password is missing',
      'gateway: { port: 1, connection: { host: h, auth: { type: password } } }',
      'gateway.connection.auth.password',
      'missing; auth of type',
    ],
    [
      'its pattern is none',
      'gateway: { command: [x], port: 1, url_pattern: "(" }',
      'gateway.url_pattern',
      'not a regular expression',
    ],
  ])('%s', (_, text, at, message) => {
    const lines = linesOf(text)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(` ${at} ERR_CONFIG_VALUE `)
    expect(lines[0]).toContain(message)
  })
})

describe('the controller', () => {
  test('has every default', () => {
    expect(compileConfig({ controller: {} })).toMatchObject({
      controller: { at: 'controller', type: 'http-server', host: '127.0.0.1', port: 8080, basePath: '' },
      warnings: [],
    })
    expect(compileConfig({}).controller).toBeUndefined()
  })

  test('reads every key', () => {
    const { controller } = compileYaml(
      'controller: { host: 0.0.0.0, port: 443, base_path: api/, ssl: { cert: c.pem, key: k.pem }, auth: { token: t } }',
    )
    expect(controller).toMatchObject({
      host: '0.0.0.0',
      port: 443,
      basePath: '/api',
      ssl: { cert: 'c.pem', key: 'k.pem' },
      auth: { type: 'bearer', token: 't' },
    })
  })

  test.each([
    ['0.0.0.0', 1],
    ['10.1.2.3', 1],
    ['localhost', 0],
    ['127.0.0.2', 0],
    ['::1', 0],
  ])('on %s without auth gives %i warnings', (host, count) => {
    expect(compileConfig({ controller: { host } }).warnings).toHaveLength(count)
    expect(compileConfig({ controller: { host, auth: { token: 't' } } }).warnings).toEqual([])
  })
})

describe('the store', () => {
  const DEFAULTS = {
    type: 'memory',
    path: undefined,
    sync: 'always',
    url: undefined,
    prefix: 'express-callbacks',
    keepMs: 604_800_000,
    maxWaits: 1_000_000,
    park: { forMs: 600_000, max: 10_000, maxBytes: 67_108_864 },
  }

  test.each([[{}], [{ store: {} }], [{ store: 'memory' }], [{ store: { type: 'memory' } }]] as const)(
    'of %j is memory with every default',
    (config) => {
      expect(compileConfig(config).store).toEqual(DEFAULTS)
    },
  )

  test('reads every key', () => {
    const { store } = compileYaml(
      'store: { type: file, path: ./waits, sync: interval, keep: 1d, max_waits: 5, park: { for: 1m, max: 2, max_bytes: 3kb } }',
    )
    expect(store).toEqual({
      ...DEFAULTS,
      type: 'file',
      location: { file: '<yaml>', line: 1, column: 10 },
      path: './waits',
      sync: 'interval',
      keepMs: 86_400_000,
      maxWaits: 5,
      park: { forMs: 60_000, max: 2, maxBytes: 3072 },
    })
  })

  test.each([
    ['store: file', 'store.path', 'needs the folder of its journal'],
    ['store: { type: redis }', 'store.url', 'needs the address of its server'],
    ['store: postgres', 'store.url', 'needs the address of its server'],
  ])('%s says what it needs', (text, at, message) => {
    const [line] = linesOf(text)
    expect(line).toContain(` ${at} ERR_CONFIG_VALUE missing; `)
    expect(line).toContain(message)
  })

  test.each([
    ['{ path: data }', 'store.type ERR_CONFIG_VALUE missing; with "path" it is "type: file"'],
    ['{ url: "redis://h" }', 'store.type ERR_CONFIG_VALUE missing; with "url" it is "type: redis" or "type: postgres"'],
    [
      '{ type: redis, url: "redis://:pa#ss@h" }',
      'store.url ERR_CONFIG_VALUE cannot be read as a URL; in a user or password',
    ],
    [
      '{ type: redis, url: "redis://h/abc" }',
      'store.url ERR_CONFIG_VALUE expected nothing or the number of a database',
    ],
    ['{ type: redis, url: "redis:///run/redis.sock" }', 'store.url ERR_CONFIG_VALUE expected nothing or the number'],
  ])('%s is refused', (store, message) => {
    const lines = linesOf(`store: ${store}`)
    expect(lines).toEqual([expect.stringContaining(message)])
    expect(lines.join('')).not.toContain('pa#ss')
  })

  test.each([
    '{ type: memory, path: data }',
    '{ type: redis, url: "redis://h/" }',
    '{ type: redis, url: "REDIS://h/2" }',
  ])('%s is taken', (store) => {
    expect(linesOf(`store: ${store}`)).toEqual([])
  })
})
