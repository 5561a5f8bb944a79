import { describe, expect, test } from '@jest/globals'
import { lookForCloudflared } from '../../adapters/tunnels/cloudflared/find'
import { lookForCommand } from '../../adapters/tunnels/command'
import { lookForNgrok } from '../../adapters/tunnels/ngrok/ngrok'
import { lookForDocker } from '../../adapters/tunnels/program/docker'
import { lookForSsh } from '../../adapters/tunnels/ssh/library'

const NOWHERE = { PATH: '/nonexistent' }
const nothing = (): never => {
  throw Object.assign(new Error("Cannot find module 'cloudflared'"), { code: 'MODULE_NOT_FOUND' })
}

/** What is looked for, by its driver; the second says how its message begins. */
const MISSING: readonly (readonly [string, () => unknown, string])[] = [
  ['cloudflared', () => lookForCloudflared({ options: {}, env: NOWHERE }, nothing), 'cloudflared was not found'],
  ['ngrok', () => lookForNgrok({ options: {}, env: NOWHERE }, () => false), 'There is neither an ngrok agent in PATH'],
  ['docker', () => lookForDocker({ env: NOWHERE }), 'the docker command line is not in PATH'],
  ['ssh2', () => lookForSsh(() => false), 'An ssh-tunnel needs'],
  [
    'the program of a command',
    () => lookForCommand({ options: { command: ['pinggy'] }, env: NOWHERE }),
    'The program "pinggy" cannot be started. It is not in PATH',
  ],
]

describe('what a driver needs', () => {
  test.each(MISSING)('%s that is missing is told of, and nothing is started', (_name, look, message) => {
    expect(look).toThrow(
      expect.objectContaining({ code: 'ERR_GATEWAY_PROGRAM', message: expect.stringContaining(message) }),
    )
  })

  test('what is there is found', () => {
    const env = { PATH: process.env['PATH'] }
    expect(lookForCloudflared({ options: { bin: process.execPath }, env }, nothing)).toEqual({
      found: process.execPath,
    })
    expect(() => lookForNgrok({ options: { bin: process.execPath }, env }, () => false)).not.toThrow()
    expect(() => lookForCommand({ options: { command: ['node'] }, env })).not.toThrow()
    expect(() => lookForSsh(() => true)).not.toThrow()
  })
})
