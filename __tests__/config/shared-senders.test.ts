import { describe, expect, test } from '@jest/globals'
import { compileYaml } from './problems'

function warningsOf(listener: string, gateway: string): readonly string[] {
  const { warnings } = compileYaml(`
listener: { path: /done, identify_by: "\${body.id}", ${listener} }
${gateway === '' ? '' : `gateway: { ${gateway} }`}
`)
  return warnings.filter(({ code }) => code === 'ERR_RATE_LIMITED').map(({ at, message }) => `${at}: ${message}`)
}

describe('a rate_limit behind a tunnel', () => {
  test.each([
    ['rate_limit: 9/m', 'driver: cloudflare, port: 8090'],
    ['rate_limit: 9/m, port: 9000', 'driver: mine, port: [8090, 9000]'],
    ['rate_limit: 9/m', 'port: "9834:8090", connection: { host: h }'],
  ])('warns that all senders share one address: %s; %s', (listener, gateway) => {
    expect(warningsOf(listener, gateway)).toEqual([
      expect.stringMatching(
        /^listener\.rate_limit: all senders .* share one address, .* add "trust_forwarded: true" to gateway, so/,
      ),
    ])
  })

  test.each([
    ['the gateway is trusted', 'rate_limit: 9/m', 'driver: ngrok, port: 8090, trust_forwarded: true'],
    ['the listener trusts what is before it', 'rate_limit: 9/m, trust_forwarded: true', 'driver: ngrok, port: 8090'],
    ['the tunnel leads elsewhere', 'rate_limit: 9/m', 'driver: ngrok, port: 9000'],
    ['there is no limit', 'body_limit: 1kb', 'driver: ngrok, port: 8090'],
    ['there is no gateway', 'rate_limit: 9/m', ''],
    ['the URL is fixed', 'rate_limit: 9/m', 'driver: static, port: 8090, public_url: "https://a.io"'],
  ])('says nothing when %s', (_name, listener, gateway) => {
    expect(warningsOf(listener, gateway)).toEqual([])
  })
})
