import { describe, expect, test } from '@jest/globals'
import { checkChallenge, type ChallengedEndpoint, compileChallenges } from '../../lib/listener/handshakes/handshakes'
import { createFakeClock } from '../helpers/fake-clock'
import { endpoint, verify } from '../helpers/handshake-host'

type Parts = Partial<ChallengedEndpoint>
const WORLD = { clock: createFakeClock(), fetch: globalThis.fetch }
const token = { type: 'meta', tokens: ['meatyhamhock'] }

/** What the handshake of an endpoint looks at. */
function looks(parts: Parts): readonly string[] {
  return Object.keys(compileChallenges(endpoint(parts), WORLD) ?? {}).sort()
}

describe('the handshake of an endpoint', () => {
  test.each<[string, Parts, readonly string[]]>([
    ['that says nothing', {}, ['afterVerify']],
    ['that says nothing, by PUT', { method: 'PUT' }, []],
    ['that turns it off', { challenge: false }, []],
    ['that verifies Slack', { verify: verify('slack', 's') }, ['afterVerify', 'beforeVerify']],
    ['that verifies Slack and turns it off', { challenge: false, verify: verify('slack', 's') }, []],
    ['that verifies Discord', { verify: verify('discord', 's') }, ['afterVerify']],
    ['that verifies Zoom', { verify: verify('zoom', 's') }, ['afterVerify']],
    ['that verifies Zoom, by PUT', { method: 'PUT', verify: verify('zoom', 's') }, []],
    ['that verifies Zoom and turns it off', { challenge: false, verify: verify('zoom', 's') }, []],
    ['that verifies Meta and has no token', { verify: verify('meta', 's') }, []],
    [
      'that verifies Meta and has a token',
      { challenge: { type: undefined, tokens: ['t'] }, verify: verify('meta', 's') },
      ['asksByGet', 'beforeVerify'],
    ],
    ['that verifies GitHub', { verify: verify('github', 's') }, []],
    ['slack', { challenge: 'slack' }, ['afterVerify', 'beforeVerify']],
    ['slack, by PUT', { challenge: 'slack', method: 'PUT' }, []],
    [
      'discord, with verify of another scheme',
      { challenge: 'discord', verify: verify('ed25519', 'k') },
      ['afterVerify'],
    ],
    ['zoom, with verify by hand', { challenge: 'zoom', verify: verify('hmac', 's') }, ['afterVerify']],
    ['meta without verify', { challenge: token }, ['asksByGet', 'beforeVerify']],
    ['msgraph', { challenge: 'msgraph' }, ['beforeVerify']],
    ['msgraph, by PUT', { challenge: 'msgraph', method: 'PUT' }, []],
    ['x', { challenge: 'x', verify: verify('hmac', 's') }, ['asksByGet', 'beforeVerify']],
    [
      'x beside callbacks by PUT',
      { challenge: 'x', method: 'PUT', verify: verify('hmac', 's') },
      ['asksByGet', 'beforeVerify'],
    ],
  ])('%s', (_name, parts, expected) => {
    expect(checkChallenge(endpoint(parts))).toBeUndefined()
    expect(looks(parts)).toEqual(expected)
  })
})

describe('is refused at start:', () => {
  const names = 'slack, discord, zoom, meta, msgraph, sns, cloudevents, x'
  test.each<[string, Parts, string]>([
    [
      'a name that is not known',
      { challenge: 'slak' },
      `There is no handshake "slak"; there are ${names}, or false for none`,
    ],
    [
      'a name of every object',
      { challenge: 'constructor' },
      `There is no handshake "constructor"; there are ${names}, or false for none`,
    ],
    ['a name that is not known, by PUT', { challenge: 'slak', method: 'PUT' }, 'There is no handshake "slak"'],
    ['zoom without verify', { challenge: 'zoom' }, 'it needs verify with scheme zoom or hmac and its secret'],
    [
      'zoom with a public key',
      { challenge: 'zoom', verify: verify('ed25519', 'k') },
      'it needs verify with scheme zoom or hmac',
    ],
    ['zoom without a secret', { challenge: 'zoom', verify: verify('zoom') }, 'the secret of verify is missing'],
    ['x without verify', { challenge: 'x' }, 'it needs verify with scheme hmac and its secret'],
    [
      'x with a password',
      { challenge: 'x', verify: verify('basic', 'a:b') },
      'it needs verify with scheme hmac and its secret',
    ],
    ['x with an empty secret', { challenge: 'x', verify: verify('hmac', '') }, 'the secret of verify is missing'],
    [
      'x with a secret that is empty once decoded',
      { challenge: 'x', verify: { ...verify('hmac', 'zz'), keyEncoding: 'hex' } },
      'the secret of verify is missing',
    ],
    ['meta without a token', { challenge: 'meta' }, 'The handshake "meta" needs the Verify Token of the App Dashboard'],
    [
      'meta with nothing but the app secret',
      { challenge: 'meta', verify: verify('meta', 's') },
      'needs the Verify Token',
    ],
    ['meta with no token in the list', { challenge: { type: 'meta', tokens: [] } }, 'needs the Verify Token'],
    [
      'a token for another handshake',
      { challenge: { type: 'slack', tokens: ['t'] } },
      'The handshake "slack" has no token; take it out',
    ],
    [
      'a token for nothing',
      { challenge: { type: undefined, tokens: ['t'] } },
      `The handshake has no type; there are ${names}`,
    ],
    [
      'a token for a scheme without handshake',
      { challenge: { type: undefined, tokens: ['t'] }, verify: verify('github', 's') },
      'has no type',
    ],
  ])('%s', (_name, parts, message) => {
    const location = { file: 'callbacks.yml', line: 3, column: 5 }
    const spec = endpoint({ ...parts, at: 'listener.callbacks[1]', challengeLocation: location })
    expect(checkChallenge(spec)).toEqual({
      code: 'ERR_CONFIG_VALUE',
      at: 'listener.callbacks[1].challenge',
      location,
      message: expect.stringContaining(message),
    })
    expect(() => compileChallenges(spec, WORLD)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_VALUE', message: expect.stringContaining(message) }),
    )
  })

  test('and the message holds no secret', () => {
    const spec = endpoint({ challenge: 'meta', verify: verify('meta', 'the-app-secret') })
    expect(checkChallenge(spec)?.message).not.toContain('the-app-secret')
  })

  test('verify that implies a handshake it has no secret for', () => {
    expect(checkChallenge(endpoint({ verify: verify('zoom') }))).toMatchObject({ at: 'listener.verify' })
  })
})
