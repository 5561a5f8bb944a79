import { describe, expect, test } from '@jest/globals'
import express from 'express'
import type { CallbacksConfig } from '../../lib'
import { useHosts } from '../helpers/use-hosts'
import { useCli } from './use-cli'

const cli = useCli()
const hosts = useHosts()

const LISTENER = { port: 0, path: '/done', identify_by: '${body.id}', status: '${body.state}' } as const

/** Callbacks with a controller that listens, and one delivery. */
async function serve(controller: NonNullable<CallbacksConfig['controller']> = {}, listener: object = {}) {
  const { hooks } = hosts.start({
    listener: { ...LISTENER, ...listener },
    controller: { port: 0, ...controller },
  })
  const { ports, controllerPort } = await hooks.listen()
  const post = async (body: object) => {
    const headers = { 'content-type': 'application/json', connection: 'close' }
    const options = { method: 'POST', headers, body: JSON.stringify(body) }
    await (await fetch(`http://127.0.0.1:${ports[0]}/done`, options)).text()
    const listed = await fetch(`http://127.0.0.1:${controllerPort}${controller.base_path ?? ''}/deliveries`, {
      headers: { connection: 'close', authorization: 'Bearer a-token-of-this-test' },
    })
    // oxlint-disable-next-line typescript/no-explicit-any
    return ((await listed.json()) as any).deliveries[0].id as string
  }
  return { hooks, url: `http://127.0.0.1:${controllerPort}`, port: controllerPort, post }
}

describe('replay', () => {
  test('prints the verdict and the reason in one line', async () => {
    const { hooks, url, post } = await serve({}, { success_when: ['done'], fail_when: ['broken'] })
    const id = await post({ id: 'a1', state: 'halfway' })
    const first = await cli.run(['replay', id, '--url', url])
    expect(first).toEqual({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(
        new RegExp(
          `^pending: The status "halfway" says that the work for "a1" goes on: .*dlv_\\w+, a replay of ${id}\\)\n$`,
        ),
      ),
    })
    const broken = await post({ id: 'a2', state: 'broken' })
    await hooks.wait('a2').catch(() => undefined)
    expect((await cli.run(['replay', broken, '--url', `${url}/`])).stdout).toMatch(
      /^duplicate: "a2" is settled or parked already/,
    )
  })

  test.each([
    ['by --token', true],
    ['by the config', false],
  ])('the token is named %s, below a base path', async (_name, isNamed) => {
    const auth = { type: 'bearer', token: 'a-token-of-this-test' } as const
    const { url, port, post } = await serve({ base_path: '/ops', auth })
    const id = await post({ id: 'a1' })
    const controller = { port, base_path: '/ops', auth: { type: 'bearer', token: '${env.OPS_TOKEN}' } }
    const files = { 'callbacks.yml': JSON.stringify({ listener: LISTENER, controller }) }
    const env = { OPS_TOKEN: isNamed ? 'another' : 'a-token-of-this-test' }
    const argv = isNamed ? ['--url', `${url}/ops`, '--token', 'a-token-of-this-test'] : []
    const { code, stdout, stderr } = await cli.run(['replay', id, ...argv], { files, env })
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: expect.stringMatching(/^duplicate: /) })
  })

  test('a wrong token, an unknown id and one that was never verified are told in one line, exit code 1', async () => {
    const auth = { type: 'bearer', token: 'a-token-of-this-test' } as const
    const verify = { scheme: 'github', secret: 'a-secret-of-this-test' } as const
    const { url, post } = await serve({ auth }, { verify })
    const id = await post({ id: 'a1' })
    const ask = async (one: string, token: string) => cli.run(['replay', one, '--url', url, '--token', token])
    expect(await ask(id, 'another')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'error: The request must carry "Authorization: Bearer" with the token of controller.auth; it has another one\n',
    })
    expect(await ask('dlv_none', 'a-token-of-this-test')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: There is no delivery "dlv_none"[^\n]*\n$/),
    })
    expect(await ask(id, 'a-token-of-this-test')).toMatchObject({
      code: 1,
      stderr: `error: The delivery ${id} cannot be replayed: its sender was not verified\n`,
    })
  })

  test('what is no controller, or nothing, is named', async () => {
    const origin = await hosts.serve(express())
    const other = await cli.run(['replay', 'dlv_1', '--url', origin])
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${origin} answered 404, which is no answer`),
    })
    const none = await cli.run(['replay', 'dlv_1', '--url', 'http://127.0.0.1:9'])
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('or name the URL with --url') })
  })

  test.each([
    [[], {}, 'Which delivery is to be replayed?'],
    [
      ['dlv_1', '--url', 'localhost:8080'],
      {},
      '--url must be a URL such as http://127.0.0.1:8080; found "localhost:8080"',
    ],
    [['dlv_1'], { listener: LISTENER }, 'The config has no controller; where it is mounted in an app'],
    [['dlv_1'], { controller: { port: 0 } }, 'The controller takes any free port'],
    [['dlv_1', 'dlv_2'], {}, '"replay" takes one argument, the id; found "dlv_2"'],
  ])('%j is not understood', async (argv, config, message) => {
    const files = { 'callbacks.yml': JSON.stringify(config) }
    const { code, stderr } = await cli.run(['replay', ...argv], { files })
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})
