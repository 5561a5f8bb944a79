import { expect, test } from '@jest/globals'
import { linesOf } from './problems'
import { compileConfig } from '../../lib/config/normalize'

const reading = (template: string) => ({
  gateway: { driver: 'ngrok', port: 8090 },
  components: { service: { base_url: 'https://service.example', body: { url: template } } },
})

test.each([
  ['${gateway:8090.publicurl}/done', '${gateway:8090.publicurl} reads what no gateway has: did you mean "public_url"?'],
  ['${gateway:8090.host}', '${gateway:8090.host} reads what no gateway has: there are public_url, port, '],
  ['${gateway:1.url | "x"}', '${gateway:1.url} reads what no gateway has: '],
])('a template that reads %s of a gateway is refused', (template, message) => {
  const lines = linesOf(JSON.stringify(reading(template)))
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('components.service.body ERR_CONFIG_TEMPLATE ')
  expect(lines[0]).toContain(message)
})

test.each(['public_url', 'port', 'public_address', 'driver', 'state'])('one that reads %s is fine', (name) => {
  expect(compileConfig(reading(`\${gateway:8090.${name}}`)).warnings).toEqual([])
})

test('one that forgets the port is told how to write it', () => {
  const { warnings } = compileConfig(reading('${gateway.public_url}/done'))
  expect(warnings).toMatchObject([
    { code: 'ERR_GATEWAY_MISSING', message: '${gateway.public_url…} names no port; write ${gateway:8090.public_url}' },
  ])
})
