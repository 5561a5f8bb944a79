import { describe, expect, test } from '@jest/globals'
import { DRIVER_NAMES, findDriver } from '../../lib/config/gateways/drivers'
import { listAlternatives } from '../../lib/config/field/shape'
import { GATEWAY } from '../../lib/config/sections/gateway'
import { compileYaml } from './problems'

test.each(DRIVER_NAMES)('the keys of the driver %s are keys of a gateway', (name) => {
  const known = listAlternatives(GATEWAY).flatMap((shape) => (shape.form === 'table' ? [...shape.byKey.keys()] : []))
  const entry = findDriver(name)
  expect(known).toEqual(expect.arrayContaining([...(entry?.keys ?? []), ...Object.keys(entry?.names ?? {})]))
})

describe('a key that the driver of a gateway does not read', () => {
  test.each([
    ['driver: cloudflare, authtoken: t', 'authtoken', 'of the driver ngrok, and this is the driver cloudflare'],
    ['driver: cloudflare, domain: a.io', 'domain', 'of the driver ngrok'],
    ['driver: ngrok, token: t', 'token', 'of the driver cloudflare, and this is the driver ngrok'],
    ['driver: ngrok, tunnel: t', 'tunnel', 'of the driver cloudflare'],
    ['driver: ngrok, credentials_file: f', 'credentials_file', 'of the driver cloudflare'],
    ['driver: ngrok, hostname: a.io', 'hostname', 'of the driver cloudflare'],
    ['driver: ngrok, install: true', 'install', 'of the driver cloudflare'],
    ['driver: ngrok, command: [x]', 'command', 'of the driver command'],
    [
      'public_url: "https://a.io", url_pattern: x',
      'url_pattern',
      'of the driver command, and this is the driver static',
    ],
    ['driver: ngrok, ready_pattern: x', 'ready_pattern', 'of the driver command'],
    ['type: http-tunnel, driver: ngrok, connection: { host: h }', 'connection', 'of an ssh-tunnel'],
    ['connection: { host: h }, domain: a.io', 'domain', 'of the driver ngrok, and this is an ssh-tunnel'],
    ['connection: { host: h }, driver: ngrok', 'driver', 'this is an ssh-tunnel, and ngrok opens http-tunnels'],
    ['driver: ngrok, image: i', 'image', 'has no effect without "runtime: docker"'],
  ])('is warned of: %s', (words, key, message) => {
    const { warnings } = compileYaml(`gateway: { port: 8090, ${words} }`)
    expect(warnings).toMatchObject([{ at: `gateway.${key}`, code: 'ERR_CONFIG_VALUE' }])
    expect(warnings[0]?.message).toContain(message)
  })

  test('is none where the app brings the driver', () => {
    const words = 'authtoken: t, token: t, command: [x], image: i, url_pattern: x, hostname: a.io'
    expect(compileYaml(`gateway: { driver: mine, port: 8090, ${words} }`).warnings).toEqual([])
  })
})
