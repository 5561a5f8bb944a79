import { describe, expect, test } from '@jest/globals'
import { callbacks, ConfigError, parseConfig } from '../../lib'
import { useCli } from '../cli/use-cli'
import { useCanaries } from './canaries'

const canaries = useCanaries()
const cli = useCli()

/** Configs that are wrong in a place where a secret stands, which `#` is. */
const WRONG: readonly (readonly [string, string])[] = [
  ['a variable as a port', 'listener: { path: /a, port: "${env.API_TOKEN}" }'],
  ['a variable as a part of a path', 'listener: { path: "/a/{${env.API_TOKEN}" }'],
  ['a variable as a method', 'listener: { path: /a, method: "${env.API_KEY}" }'],
  ['a variable as a scheme', 'listener: { path: /a, verify: "${env.API_KEY}" }'],
  ['a variable that is converted', 'listener: { path: /a, timeout: "${env.API_KEY as integer}" }'],
  ['a variable as a duration', 'listener: { path: /a, timeout: "5 ${env.API_KEY}" }'],
  ['a variable as a long text', `listener: { path: /a, timeout: "${'x'.repeat(40)}\${env.API_KEY}" }`],
  ['a variable as a driver', 'gateway: { port: 8090, driver: static, public_url: "${env.API_KEY}" }'],
  [
    'a secret of another form',
    'listener: { path: /a, verify: { scheme: hmac, signature: "${header.a}", secret: { a: # } } }',
  ],
  ['a secret that cannot be decoded', 'listener: { path: /a, verify: { scheme: svix, secret: "whsec_#" } }'],
  ['a key that is none', 'listener: { path: /a, verify: { scheme: discord, secret: # } }'],
  ['a broken template as a secret', 'listener: { path: /a, verify: { scheme: slack, secret: "#${" } }'],
  ['a broken template in a header', 'component: { base_url: http://a, headers: { Authorization: "Bearer # ${env." } }'],
  ['a broken template in a body', 'component: { base_url: http://a, body: { login: { api_key: "# ${env." } } }'],
  ['auth as a text', 'controller: { auth: # }'],
  ['a token of another type', 'controller: { auth: { type: basic, token: [#] } }'],
  ['a user in the public URL of a tunnel', 'gateway: { port: 8090, driver: ngrok, public_url: "https://user:#@host" }'],
  ['a user in a public URL that has a query', 'listener: { path: /a, public_url: "https://user:#@host/?x" }'],
  ['a query in a public URL', 'listener: { path: /a, public_url: "https://host/?token=#" }'],
  ['a password in the place of a store', 'store: { type: redis, url: "http://:#@host" }'],
  ['auth of ssh as a text', 'gateway: { port: 8090, connection: { host: h, auth: # } }'],
  [
    'a passphrase that is a list',
    'gateway: { port: 8090, connection: { host: h, auth: { keyfile: a, passphrase: [#] } } }',
  ],
  ['a password that YAML takes for an alias', 'controller: { auth: { type: bearer, token: *# } }'],
  ['a password that YAML takes for a tag', 'controller: { auth: { type: bearer, token: !# x } }'],
  ['a password that YAML takes for a block', 'controller:\n  auth:\n    token: |#\n      x'],
  ['a password behind a text', 'controller:\n  auth:\n    token: "a" #'],
]

const planted = (yaml: string) => {
  // Without a space or a quote, as YAML would have it.
  const secret = canaries.plant('written').replace(/ .*$/, '')
  const env = { API_TOKEN: canaries.plant('token'), API_KEY: canaries.plant('key') }
  return { text: yaml.replaceAll('#', secret), env }
}

describe('no message about a config holds', () => {
  test.each(WRONG)('%s', (_name, yaml) => {
    const { text, env } = planted(yaml)
    let thrown: unknown
    try {
      callbacks(parseConfig(text, { env }), { logger: canaries.logger })
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ConfigError)
    canaries.see('error', thrown)
  })

  test.each(['validate', 'run', 'up'])('any of them, by the command line: %s', async (command) => {
    for (const [, yaml] of WRONG) {
      for (const format of command === 'validate' ? [[]] : [['--log-format', 'json', '--log-level', 'debug']]) {
        const { text, env } = planted(yaml)
        const { code, stdout, stderr } = await cli.run([command, ...format], { files: { 'callbacks.yml': text }, env })
        expect([yaml, code]).toEqual([yaml, 1])
        canaries.see('stdout', stdout)
        canaries.see('stderr', stderr)
      }
    }
  })
})

test('what a message needs to say, it still says', () => {
  const read = (yaml: string) => {
    try {
      callbacks(parseConfig(yaml, { env: {} }))
      return ''
    } catch (error) {
      canaries.see('error', error)
      return String(error)
    }
  }
  expect(read('listener: { path: /a, port: abcdefgh }')).toContain('found "abcdefgh"')
  expect(read('listener: { path: /a, public_url: "https://me:pw@host/a?b=c" }')).toContain('found "https://…@host/a?…"')
  expect(read('a: *b')).toContain('<yaml>:1:4: invalid YAML: Unresolved alias')
})

describe('the command line', () => {
  const ECHO = 'workflow: { jobs: [{ component: logger, input: { message: hi } }] }'

  test.each([
    ['an input that is no JSON', ['run', '--input', '{"token": #}']],
    ['an input that is nothing like JSON', ['run', '--input', '#']],
    ['a set without a name', ['run', '--set', '=#']],
    ['a set in a list', ['run', '--input', '[]', '--set', 'token=#']],
    ['a set in a text', ['run', '--input', '"#"', '--set', 'a=1']],
    ['an option that there is not', ['run', '--token=#']],
    ['a value where there is none', ['run', '--help=#']],
  ])('does not repeat %s', async (_name, argv) => {
    const { text } = planted(argv.join('\0'))
    const { code, stdout, stderr } = await cli.run(text.split('\0'), { files: { 'callbacks.yml': ECHO } })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^error: [^\n]+\n$/)
    canaries.see('stderr', stderr)
  })

  test('does not repeat an input that comes from elsewhere', async () => {
    const { text } = planted('{"token": #}')
    const files = { 'callbacks.yml': ECHO, 'input.json': text }
    const file = await cli.run(['run', '--input', '@input.json'], { files })
    const piped = await cli.run(['run', '--input', '-'], { files, stdin: text })
    for (const { code, stderr } of [file, piped]) {
      expect([code, stderr]).toEqual([2, expect.stringMatching(/ is no JSON: [^"]*\n$/)])
      canaries.see('stderr', stderr)
    }
  })
})
