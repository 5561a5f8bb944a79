import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { callbacks, parseConfig } from '../lib'
import { compileConfig } from '../lib/config/normalize'
import { ANSWER_STATUS } from '../lib/base/errors'
import { useProxies } from './helpers/fake-proxy'
import { useServices } from './helpers/fake-service'

const root = join(__dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const [start = '', runs = '', mount = '', wait = '', restart = '', traced = '', tested = '', proxied = ''] =
  blocks('js')
const [workflow = '', listener = '', waiting = '', events = '', verify = '', ...others] = blocks('yaml')
const [folderStore = '', redisStore = ''] = others.slice(-2)
const gateways = others.slice(0, -2)
let folder = ''
const services = useServices()
const proxies = useProxies()

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code)
}

/** Runs a block as a newcomer would: a file in a folder in which the package is installed. */
async function run(code: string, config = listener, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const file = join(folder, 'app.mjs')
  const port = String(await freePort())
  writeFileSync(file, code.replaceAll('8090', port))
  writeFileSync(join(folder, 'callbacks.yml'), config.replaceAll('8090', port))
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], {
    cwd: folder,
    env: { ...process.env, ...env },
  })
  expect(stderr).toBe('')
  return stdout
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('the README', () => {
  beforeAll(() => {
    const cache = join(root, 'node_modules', '.cache')
    mkdirSync(cache, { recursive: true })
    folder = mkdtempSync(join(cache, 'readme-'))
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules', 'express-callbacks'))
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('has the blocks that are run here, and no others', () => {
    expect(blocks('js')).toHaveLength(8)
    expect(blocks('yaml')).toHaveLength(14)
  })

  test('its start prints the image that the callback brought', async () => {
    expect(await run(start)).toBe('https://example.com/cat.png\n')
  })

  test('its workflow waits for the callback, writes to the log, and prints its output', async () => {
    const lines = (await run(runs, workflow)).split('\n')
    expect(lines[0]).toContain('Painted https://example.com/cat.png')
    expect(lines.at(-2)).toBe("{ status: 'queued', url: 'https://example.com/cat.png' }")
  })

  test('its run is there again after a restart, and ends with its callback', async () => {
    expect(await run(restart, folderStore)).toBe('succeeded https://example.com/cat.png\n')
  })

  test('its wait is a span', async () => {
    expect(await run(traced)).toBe('span: wait POST /done\npaid\n')
  })

  test('its tests pass', async () => {
    expect(await run(tested)).toMatch(/pass 2\n[^]*fail 0\n/)
  })

  test('its fetch asks through a proxy', async () => {
    const service = await services.open(() => ({ body: { state: 'fine' } }))
    const proxy = await proxies.open(service.origin)
    expect(await run(proxied, listener, { HTTP_PROXY: proxy.origin, NO_PROXY: '' })).toBe("{ state: 'fine' }\n")
    expect(proxy.asked).toEqual([expect.stringContaining('api.example.com')])
  })

  test('its listener loads without a warning', () => {
    const hooks = callbacks(parseConfig(listener))
    expect(Object.keys(hooks.stats().endpoints)).toEqual(['POST /webhooks/image/done', 'POST /webhooks/batch/done'])
  })

  test.each([
    ['waiting', waiting, []],
    ['verified senders', verify, []],
    ['shared stores', redisStore, []],
    ['events', events, ['POST /slack/events is an event source: a callback that nobody waits for starts a workflow']],
  ])('its %s load without a warning', (_, yaml, expected) => {
    const said: string[] = []
    const say = (_details: object, message: string): void => void said.push(message)
    const logger = { debug: say, info: say, warn: say, error: say }
    const env = {
      SLACK_BOT_TOKEN: 'xoxb',
      STRIPE_WEBHOOK_SECRET: 'whsec_1',
      OWN_SECRET: 's3cret',
      REDIS_URL: 'redis://localhost',
    }
    callbacks(parseConfig(yaml, { env }), { logger })
    expect(said).toEqual(expected)
  })

  test.each(gateways)('its gateways load without a warning: %j', (yaml) => {
    const secrets = ['TUNNEL_TOKEN', 'NGROK_AUTHTOKEN', 'SSH_PASSPHRASE', 'SSH_PASSWORD']
    const env = Object.fromEntries(secrets.map((name) => [name, 's3cret']))
    const { gateways: compiled, warnings } = compileConfig(parseConfig(yaml, { env }))
    expect([compiled.length > 0, warnings]).toEqual([true, []])
  })

  test('names every code of a gateway', () => {
    const codes = ['PROGRAM', 'OPTIONS', 'AUTH', 'HOST_KEY', 'RATE_LIMITED', 'NETWORK', 'PORT', 'TIMEOUT', 'EXITED']
    for (const code of codes) expect(readme).toContain(`ERR_GATEWAY_${code}`)
  })

  test('its mount serves the callbacks below its path', async () => {
    const call = [
      "const method = 'POST', headers = { 'content-type': 'application/json' }",
      "const body = JSON.stringify({ task_id: 'a', status: 'completed' })",
      "const answer = await fetch('http://localhost:8090/hooks/webhooks/image/done', { method, headers, body })",
      'console.log(answer.status, hooks.stats().parked)',
      'process.exit()',
    ]
    expect(await run(mount + call.join('\n'))).toBe('200 1\n')
  })

  test('its waits end by hand and print what happened', async () => {
    const lines = (await run(wait)).split('\n')
    expect(lines[0]).toBe('a result by hand, for tests and operators')
    expect(lines[1]).toMatch(/^http:\/\/localhost:\d+\/done\?callback_id=[\w-]{32}$/)
    expect(lines[2]).toBe('ERR_CALLBACK_FAILED the service went away')
  })

  test('names every code that is answered, with its status', () => {
    for (const [code, status] of Object.entries(ANSWER_STATUS)) {
      expect(
        readme.split('\n').filter((line) => line.includes(`\`${code}\``) && line.includes(String(status))),
      ).not.toEqual([])
    }
  })

  test('names everything that is counted', () => {
    const { endpoints, ...counts } = callbacks(parseConfig(listener)).stats()
    expect(Object.keys(endpoints)).toHaveLength(2)
    for (const name of Object.keys(counts)) expect(readme).toContain(`\`${name}\``)
  })

  test('names the test command that the automation runs', () => {
    expect(readme).toContain('npm test')
    expect(readFileSync(join(root, '.ci', 'run'), 'utf8')).toContain('npm test')
  })

  test('gives a reason for every dependency', () => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const names = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !name.startsWith('@types/'))
    for (const name of names) expect(readme).toContain(`| \`${name}\``)
  })
})
