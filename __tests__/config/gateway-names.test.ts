import { describe, expect, test } from '@jest/globals'
import { compileYaml, linesOf } from './problems'

const NAMED = [
  ['driver: ngrok', 'domain', 'a.io'],
  ['driver: ngrok', 'public_url', 'https://a.io'],
  ['driver: command, command: [x]', 'public_url', 'https://a.io'],
  ['connection: { host: h }', 'public_url', 'https://a.io'],
  ['driver: cloudflare, token: T', 'public_url', 'https://T.io'],
  ['driver: cloudflare, token: T', 'hostname', 'T.io'],
  ['driver: cloudflare, public_url: "https://T.io"', 'token', 's3cret'],
  ['driver: cloudflare, credentials_file: f, hostname: T.io', 'tunnel', 'a'],
] as const

/** The other keys of two gateways differ. */
function gateway(port: string, words: string, key: string, value: string): string {
  return `{ port: ${port}, ${words.replaceAll('T', `t${port}`)}, ${key}: "${value}" }`
}

describe('a fixed name', () => {
  test.each(NAMED)('of a gateway (%s) in %s leads to one port only', (words, key, value) => {
    const lines = linesOf(`gateway: { port: [8090, 8091], ${words}, ${key}: "${value}" }`)
    const line = lines.find((one) => one.includes(` gateway.${key} ERR_CONFIG_VALUE `))
    expect(line).toContain('one name cannot lead to 2 ports: callbacks for one would reach another. ')
    expect(line).toContain(`Write one gateway per port, each with a "${key}" of its own`)
    expect(lines.join()).not.toContain('s3cret')
  })

  test.each(NAMED.filter(([, , value]) => !value.includes('T')))(
    'of a gateway (%s) in %s is no name of another one',
    (words, key, value) => {
      const lines = linesOf(`gateways: [${gateway('8090', words, key, value)}, ${gateway('8091', words, key, value)}]`)
      expect(lines).toHaveLength(1)
      expect(lines[0]).toContain(
        ` gateways[1].${key} ERR_CONFIG_VALUE gateways[0] has the same: callbacks for one port`,
      )
      expect(lines[0]).not.toContain('s3cret')
    },
  )

  test('is the same however it is written', () => {
    const named = '{ driver: cloudflare, port: 1, token: t, hostname: A.io }'
    expect(linesOf(`gateways: [${named}, { driver: ngrok, port: 2, public_url: "https://a.io" }]`)).toHaveLength(1)
    expect(linesOf(`gateways: [${named}, { driver: ngrok, port: 2, domain: b.io }]`)).toEqual([])
  })

  test.each([
    'driver: static, public_url: "https://a.io"',
    'driver: mine, token: t, domain: a.io, public_url: "https://a.io"',
    'driver: ngrok, authtoken: t',
  ])('may be shared: %s', (words) => {
    expect(compileYaml(`gateway: { port: [8090, 8091], ${words} }`).gateways).toHaveLength(2)
    const gateways = `[{ port: 8090, ${words} }, { port: 8091, ${words} }]`
    expect(compileYaml(`gateways: ${gateways}`).gateways).toHaveLength(2)
  })
})
