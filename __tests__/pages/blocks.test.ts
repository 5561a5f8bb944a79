import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { callbacks, parseConfig } from '../../lib'
import { compileConfig } from '../../lib/config/normalize'
import { useProxies } from '../helpers/fake-proxy'
import { useServices } from '../helpers/fake-service'
import { checkCommands } from './commands'
import { useNewcomer } from './newcomer'
import { type Block, readPages } from './pages'

const newcomer = useNewcomer()
const services = useServices()
const proxies = useProxies()

type Check = (block: Block) => void | Promise<void>

/** How each block is run or checked, by its name. `sh` is checked as commands; `text` is shown, not run. */
const CHECKS: Readonly<Record<string, Check>> = {
  'README.md > Start > js': prints('https://example.com/cat.png\n'),
  'README.md > Start > js 2': takesWhatIsSigned,
  'README.md > Run a workflow > yaml': loads(['POST /image/done']),
  'README.md > Run a workflow > js': async ({ code }) => {
    const config = codeOf('README.md > Run a workflow > yaml')
    const lines = (await newcomer.run(code, { files: { 'callbacks.yml': config } })).split('\n')
    expect(lines[0]).toContain('Painted https://example.com/cat.png')
    expect(lines.at(-2)).toBe("{ status: 'queued', url: 'https://example.com/cat.png' }")
  },

  'lib/app/README.md > Wait > js': async ({ code }) => {
    const lines = (await newcomer.run(code)).split('\n')
    expect(lines[0]).toBe('a result by hand, for tests and operators')
    expect(lines[1]).toMatch(/^http:\/\/localhost:\d+\/done\?callback_id=[\w-]{32}$/)
    expect(lines[2]).toBe('ERR_CALLBACK_FAILED the service went away')
  },
  'lib/app/README.md > Several waits > js': prints('paid\n0\n'),
  'lib/app/README.md > Typed results > js': prints('2026\nERR_RESULT_SCHEMA url\n'),
  'lib/app/README.md > Many callbacks for one id > js': prints('one\ntwo\nthree\n'),

  'lib/config/README.md > Config files > js': async ({ code }) => {
    const files = {
      'callbacks.yml': 'listener:\n  path: ${env.PLACE}/done\n  identify_by: ${body.id}\n',
      'callbacks.local.yml': 'listener: { base_path: /local }\n',
      '.env': 'PLACE=""\n',
    }
    expect(await newcomer.run(code, { files })).toBe("[ 'POST /local/done' ]\n")
  },
  'lib/config/README.md > Config files > yaml': loads(['POST /done']),

  'lib/listener/README.md > Describe a callback > yaml': loads([
    'POST /webhooks/image/done',
    'POST /webhooks/batch/done',
  ]),
  'lib/listener/README.md > Mount them > js': servesBelowItsPath,
  'lib/listener/README.md > Callbacks that start a workflow > yaml': loads(
    ['POST /slack/events'],
    ['POST /slack/events is an event source: a callback that nobody waits for starts a workflow'],
  ),
  'lib/listener/README.md > An answer when the run has ended > js': prints("200 { of: 'a cat' }\n"),

  'lib/workflow/README.md > What a job waits for > yaml': loads(['POST /transcribed']),
  'lib/workflow/README.md > Any or all of several callbacks > yaml': waitsForSeveral,

  'lib/http/README.md > Files > yaml': sendsAFile,
  'lib/http/README.md > Behind a proxy > js': async ({ code }) => {
    const service = await services.open(() => ({ body: { state: 'fine' } }))
    const proxy = await proxies.open(service.origin)
    const env = { HTTP_PROXY: proxy.origin, NO_PROXY: '' }
    expect(await newcomer.run(code, { env })).toBe("{ state: 'fine' }\n")
    expect(proxy.asked).toEqual([expect.stringContaining('api.example.com')])
  },

  'lib/tracing/README.md > Traces > js': prints('span: wait POST /done\npaid\n'),

  'lib/testing/README.md > Test your callbacks > js': async ({ code }) =>
    expect(await newcomer.run(code)).toMatch(/pass 2\n[^]*fail 0\n/),

  'lib/verify/README.md > Verify the sender > yaml': ({ code }) => {
    const config = `listener:\n  path: /done\n${code.replaceAll(/^(?=.)/gm, '  ')}`
    const env = { ELEVENLABS_WEBHOOK_SECRET: 'wsec_abc' }
    const [listener] = compileConfig(parseConfig(config, { env })).listeners
    expect(listener?.endpoints[0]?.verify?.secrets).toEqual(['wsec_abc'])
  },
  'lib/verify/README.md > The generic form > yaml': loads(['POST /stripe', 'POST /own']),

  'lib/verify/README.md > Behind a body parser > js': takesWhatIsSigned,

  'lib/gateway/README.md > Gateways > yaml': hasGateways,
  'lib/gateway/README.md > Production: no gateway > yaml': hasGateways,
  'adapters/tunnels/README.md > Cloudflare > yaml': hasGateways,
  'adapters/tunnels/README.md > ngrok > yaml': hasGateways,
  'adapters/tunnels/README.md > ssh > yaml': hasGateways,
  'adapters/tunnels/README.md > ssh > yaml 2': hasGateways,
  'adapters/tunnels/README.md > Any program: `driver: command` > yaml': hasGateways,

  'adapters/stores/README.md > In a folder > yaml': loads(['POST /image/done']),
  'adapters/stores/README.md > In a folder > js': async ({ code }) => {
    const files = { 'callbacks.yml': codeOf('adapters/stores/README.md > In a folder > yaml') }
    expect(await newcomer.run(code, { files })).toBe('succeeded https://example.com/cat.png\n')
  },
  'adapters/stores/README.md > Redis > yaml': loads([]),
}

const BY_LANGUAGE: Readonly<Record<string, Check>> = { sh: checkCommands, text: () => undefined }

const blocks = readPages().flatMap((page) => page.blocks)

describe('every block of every page', () => {
  test.each(blocks.map((block) => [block.name, block] as const))('%s', async (name, block) => {
    const check = CHECKS[name] ?? BY_LANGUAGE[block.language]
    if (check === undefined) throw new Error('Nobody runs this block: give it a row in CHECKS')
    await check(block)
  })

  test('no row is left of a block that is gone', () => {
    const names = new Set(blocks.map(({ name }) => name))
    expect(Object.keys(CHECKS).filter((name) => !names.has(name))).toEqual([])
  })
})

function codeOf(name: string): string {
  const block = blocks.find((one) => one.name === name)
  if (block === undefined) throw new Error(`There is no block ${name}`)
  return block.code
}

function prints(expected: string): Check {
  return async ({ code }) => expect(await newcomer.run(code)).toBe(expected)
}

/** Expects a config that has these endpoints, and of which nothing else is said. */
function loads(endpoints: readonly string[], said: readonly string[] = []): Check {
  return ({ code }) => {
    const heard: string[] = []
    const say = (_details: object, message: string): void => void heard.push(message)
    const env = {
      OWN_SECRET: 's3cret',
      REDIS_URL: 'redis://localhost',
      SLACK_BOT_TOKEN: 'xoxb',
      STRIPE_WEBHOOK_SECRET: 'whsec_1',
    }
    const hooks = callbacks(parseConfig(code, { env }), { logger: { debug: say, info: say, warn: say, error: say } })
    expect({ endpoints: Object.keys(hooks.stats().endpoints), said: heard }).toEqual({ endpoints, said })
  }
}

function hasGateways({ code }: Block): void {
  const secrets = ['TUNNEL_TOKEN', 'NGROK_AUTHTOKEN', 'SSH_PASSPHRASE', 'SSH_PASSWORD']
  const env = Object.fromEntries(secrets.map((name) => [name, 's3cret']))
  const { gateways, warnings } = compileConfig(parseConfig(code, { env }))
  expect([gateways.length > 0, warnings]).toEqual([true, []])
}

/** The block's app, asked by the true sender, by another one, and on a route of its own. */
async function takesWhatIsSigned({ code }: Block): Promise<void> {
  const body = JSON.stringify({ data: { object: { id: 'pi_1' } } })
  const time = Math.floor(Date.now() / 1000)
  const signature = createHmac('sha256', 'whsec_1').update(`${time}.${body}`).digest('hex')
  const calls = [
    `const body = '${body}'`,
    `const signed = 't=${time},v1=${signature}', forged = 't=${time},v1=${'0'.repeat(64)}'`,
    "const type = 'application/json'",
    'async function post(path, headers) {',
    "  const answer = await fetch('http://localhost:8090' + path, { method: 'POST', headers, body })",
    '  console.log(answer.status, await answer.text())',
    '}',
    "await post('/stripe', { 'content-type': type, 'stripe-signature': signed })",
    "await post('/stripe', { 'content-type': type, 'stripe-signature': forged })",
    "await post('/orders', { 'content-type': type })",
    "console.log(await hooks.wait('pi_1'))",
    'process.exit()',
  ]
  const env = { STRIPE_WEBHOOK_SECRET: 'whsec_1', NODE_NO_WARNINGS: '1' }
  expect((await newcomer.run(code + calls.join('\n'), { env })).split('\n').slice(0, 4)).toEqual([
    '200 ',
    '401 {"error":"ERR_UNVERIFIED"}',
    `200 ${body}`,
    "{ data: { object: { id: 'pi_1' } } }",
  ])
}

async function servesBelowItsPath({ code }: Block): Promise<void> {
  const call = [
    "const method = 'POST', headers = { 'content-type': 'application/json' }",
    "const body = JSON.stringify({ task_id: 'a', status: 'completed' })",
    "const answer = await fetch('http://localhost:8090/hooks/webhooks/image/done', { method, headers, body })",
    'console.log(answer.status, hooks.stats().parked)',
    'process.exit()',
  ]
  const files = { 'callbacks.yml': codeOf('lib/listener/README.md > Describe a callback > yaml') }
  expect(await newcomer.run(code + call.join('\n'), { files })).toBe('200 1\n')
}

/** The block's workflow, once with the callback for success and once with the one for errors. */
async function waitsForSeveral(block: Block): Promise<void> {
  await loads(['POST /paid', 'POST /refused', 'POST /packed'])(block)
  const output = 'output: { pay: "${jobs.pay.output}", pack: "${jobs.pack.output}" }'
  const config = parseConfig(block.code.replace('jobs:', `${output}\n  jobs:`))
  const cases: readonly (readonly [string, object, unknown])[] = [
    ['/paid', { amount: 12 }, { pay: { by: 'paid', amount: 12 }, pack: { cup: 'P-1', tea: 'P-2' } }],
    ['/refused', { event: 'order.refused' }, 'ERR_CALLBACK_FAILED'],
  ]
  for (const [path, told, expected] of cases) {
    const hooks = callbacks(config)
    const app = express().use(hooks)
    const ended = hooks.run({ order: 'o' }).catch(({ code }: { readonly code: string }) => code)
    await request(app)
      .post(path)
      .send({ order: 'o', ...told })
      .expect(200)
    await request(app).post('/packed').send({ order: 'o-1', number: 'P-1' }).expect(200)
    await request(app).post('/packed').send({ order: 'o-2', number: 'P-2' }).expect(200)
    expect(await ended).toEqual(expected)
    expect(hooks.stats().waiting).toBe(0)
    await hooks.close()
  }
}

async function sendsAFile({ code }: Block): Promise<void> {
  const service = await services.open(() => ({ body: { id: 'file-1' } }))
  const hooks = callbacks(parseConfig(`${code.replace('https://api.example.com', service.origin)}workflow: {}\n`))
  expect(await hooks.run({ lines: '{"a":1}\n' })).toEqual({ id: 'file-1' })
  const { body } = await service.received()
  const file = body instanceof FormData ? body.get('file') : undefined
  expect(file).toMatchObject({ name: 'batch.jsonl', type: 'application/jsonl', size: 8 })
  await hooks.close()
}
