import { describe, expect, test } from '@jest/globals'
import { compileYaml, linesOf } from './problems'

const MD5 = 'MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48'

describe('a gateway that could never open is refused', () => {
  test.each([
    [
      'driver: cloudflare, token: t, tunnel: a, hostname: a.io',
      'tunnel',
      '"token" names a tunnel already; write "token", or',
    ],
    ['driver: cloudflare, token: t, credentials_file: f, hostname: a.io', 'credentials_file', '"token" names a tunnel'],
    ['driver: cloudflare, tunnel: a, hostname: a.io', 'credentials_file', 'missing; "tunnel" says which tunnel to run'],
    ['driver: cloudflare, credentials_file: f, public_url: "https://a.io"', 'tunnel', 'missing; "tunnel" says which'],
    [
      'driver: cloudflare, hostname: a.io',
      'hostname',
      '"hostname" is of a named tunnel: add its "token", or its "tunnel"',
    ],
    [
      'driver: cloudflare, public_url: "https://a.io"',
      'public_url',
      'without "public_url" the URL is made up by Cloudflare',
    ],
    ['connection: { host: h }, runtime: docker', 'runtime', 'an ssh-tunnel runs inside this process, never in docker'],
    ['driver: ssh', 'connection', 'missing; an ssh-tunnel needs the server to connect to'],
    [
      'driver: command, command: [x], runtime: docker',
      'image',
      'missing; with "runtime: docker", "command" is what runs',
    ],
    ['driver: command, command: []', 'command', 'found an empty list'],
    [
      'connection: { host: h, host_key: "SHA256:short" }',
      'connection.host_key',
      'found "SHA256:short". On the server, "ssh-k',
    ],
    [
      'connection: { host: h, host_key: "MD5:16:27" }',
      'connection.host_key',
      'expected a fingerprint such as SHA256:… with 43',
    ],
    ...[
      ['sha256:'.padEnd(50, 'a'), 'found "sha256:'],
      ['SHA256:'.padEnd(51, 'a'), 'found "SHA256:'],
      ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5', 'found "ssh-ed25519'],
      [MD5, 'found an MD5 fingerprint, which can be forged. On the server, "ssh-keygen -l -f'],
      [MD5.slice(4), 'found an MD5 fingerprint'],
    ].map(([key, found]) => [`connection: { host: h, host_key: "${key}" }`, 'connection.host_key', found]),
    ['connection: { host: h, auth: { type: keyfile } }', 'connection.auth.keyfile', 'missing; auth of type "keyfile"'],
    ['connection: { host: h, auth: password }', 'connection.auth.password', 'missing; auth of type "password"'],
    ['driver: cloudflare, token: t', 'hostname', 'missing; a tunnel with "token" needs its public name'],
    ['driver: cloudflare, tunnel: a, credentials_file: f', 'hostname', 'missing; a tunnel with "tunnel" needs'],
    ['driver: command', 'command', 'missing; the driver "command" needs it'],
    ['command: [""]', 'command', 'found an empty text'],
    ['driver: static', 'public_url', 'missing; static needs public_url'],
  ])('%s', (words, key, message) => {
    const lines = linesOf(`gateway: { port: 8090, ${words} }`)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(` gateway.${key} ERR_CONFIG_VALUE `)
    expect(lines[0]).toContain(message)
  })

  test.each([
    'driver: cloudflare',
    'driver: cloudflare, token: t, public_url: "https://a.io"',
    'driver: cloudflare, tunnel: a, credentials_file: f, hostname: a.io',
    'driver: command, command: [x], runtime: docker, image: i',
    `connection: { host: h, host_key: " SHA256:${'+'.repeat(43)}=" }`,
    `connection: { host: h, host_key: "SHA256:${'a'.repeat(43)}" }`,
    `connection: { host: h, host_key: ' SHA256:${'/'.repeat(43)}' }`,
    'driver: mine, token: t, tunnel: a, runtime: docker',
  ])('but not: %s', (words) => {
    expect(compileYaml(`gateway: { port: 8090, ${words} }`)).toMatchObject({ gateways: [{ port: 8090 }], warnings: [] })
  })
})
