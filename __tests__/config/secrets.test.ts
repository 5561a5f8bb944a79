import { describe, expect, test } from '@jest/globals'
import { listSecrets } from '../../lib/base/secrets/secret-names'
import { compileYaml, linesOf } from './problems'

const VERIFY = 'listener: { path: /x, verify: { scheme: github, secret: "${env.S}" } }'

describe('a line break at the end of a secret', () => {
  test.each(['abc\n', 'abc\r\n', 'abc\n\n', 'abc'])('is no part of it: %j from the environment', (secret) => {
    const [listener] = compileYaml(VERIFY, { S: secret }).listeners
    expect(listener?.endpoints[0]?.verify?.secrets).toEqual(['abc'])
  })

  test('is no part of it in a block of YAML, and of each in a list', () => {
    const text =
      'listener:\n  path: /x\n  verify:\n    scheme: github\n    secret:\n      - |\n        abc\n      - "${env.S}"\n'
    const [listener] = compileYaml(text, { S: 'def\n' }).listeners
    expect(listener?.endpoints[0]?.verify?.secrets).toEqual(['abc', 'def'])
  })

  test('is no part of the token of the controller, nor of a tunnel', () => {
    const text =
      'controller: { auth: { token: "${env.S}" } }\ngateway: { driver: ngrok, port: 1, authtoken: "${env.S}" }'
    const { controller, gateways } = compileYaml(text, { S: 'abc\n' })
    expect([controller?.auth?.token, gateways[0]?.authtoken]).toEqual(['abc', 'abc'])
  })

  test('is no part of the token that a handshake must show', () => {
    const [listener] = compileYaml('listener: { path: /x, challenge: { type: meta, token: "${env.S}" } }', {
      S: 'abc\n',
    }).listeners
    expect(listener?.endpoints[0]?.challenge).toMatchObject({ tokens: ['abc'] })
  })

  test.each(['  abc', 'abc ', 'a\nbc'])('but other white space is: %j', (secret) => {
    const [listener] = compileYaml(VERIFY, { S: secret }).listeners
    expect(listener?.endpoints[0]?.verify?.secrets).toEqual([secret])
  })

  test.each(['\n', ' \r\n', ''])('makes no secret by itself: %j', (secret) => {
    expect(linesOf(VERIFY, { S: secret })[0]).toContain('expected text that is not blank')
  })

  test('does not keep the rest of it from being hidden in messages', () => {
    expect(listSecrets({ API_TOKEN: 'abcdef\n', OTHER: 'x' })).toContain('abcdef')
  })
})
