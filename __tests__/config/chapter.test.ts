import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { callbacks } from '../../lib'
import { loadConfig, parseConfig } from '../../lib/config/read/load'
import { compileConfig, type Config } from '../../lib/config/normalize'
import { blocks, describeChapter } from '../chapter/editions'

const ENV = {
  SSH_PASSWORD: 'pw',
  SLACK_BOT_TOKEN: 'xoxb',
  IMAGE_AI_KEY: 'image',
  IMAGEOPTIM_KEY: 'optim',
}

describeChapter('the chapter that this package implements', () => {
  test('has 27 blocks of YAML', () => {
    expect(blocks).toHaveLength(27)
  })

  test.each(blocks.map((text, index) => [index + 1, text] as const))('loads block %i as it is written', (_, text) => {
    const source = parseConfig(text, { env: ENV })
    const config = compileConfig(source)
    expect(Object.isFrozen(config)).toBe(true)
    const names = config.listeners.flatMap(({ endpoints }) =>
      endpoints.map(({ method, fullPath }) => `${method} ${fullPath}`),
    )
    expect(Object.keys(callbacks(source, { logger: SILENT }).stats().endpoints)).toEqual(names)
  })
})

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const FIXTURES = join(__dirname, '../fixtures/chapter')
const FIXTURE_ENV = { JUMP_PASSWORD: 'open sesame', CHAT_TOKEN: 'chat', PAINT_KEY: 'paint', PRESS_KEY: 'press' }

/** What each fixture must become, and how many warnings it gives. */
const EXPECTED: Readonly<Record<string, { readonly config: object; readonly warnings?: number }>> = {
  'listener-simple': {
    config: {
      listeners: [{ host: '127.0.0.1', port: 7001, endpoints: [{ at: 'listener', fullPath: '/render-done' }] }],
    },
  },
  'listener-single': {
    config: {
      listeners: [
        {
          endpoints: [
            {
              identifyBy: { source: '${body.job}' },
              status: { source: '${body.outcome}' },
              successWhen: ['ready', 'partial'],
              failWhen: ['broken'],
              result: { source: '${body.transcript}' },
            },
          ],
        },
      ],
    },
  },
  'listener-several': {
    config: {
      listeners: [
        {
          basePath: '/studio',
          endpoints: [
            { method: 'POST', fullPath: '/studio/picture/ready', failWhen: ['broken'] },
            { method: 'PUT', fullPath: '/studio/film/ready', failWhen: ['lost', 'late'] },
            { method: 'POST', fullPath: '/studio/other', status: undefined, successWhen: undefined },
          ],
        },
      ],
    },
  },
  'listener-bulk': {
    config: {
      listeners: [{ endpoints: [{ bulk: true, item: { source: '${body.orders}' }, successWhen: ['ready'] }] }],
    },
  },
  'listener-advanced': { config: { listeners: [{ runtime: 'native', maxConcurrent: 12 }] } },
  'listener-mapping': {
    config: { listeners: [{ port: 8090, endpoints: [{ identifyBy: { source: '${query.order}' } }] }] },
  },
  'listener-signed': { config: { listeners: [{ endpoints: [{ at: 'listener.callbacks[0]', verify: undefined }] }] } },
  'gateway-ngrok': { config: { gateways: [{ type: 'http-tunnel', driver: 'ngrok', runtime: 'native', port: 7001 }] } },
  'gateway-cloudflare': { config: { gateways: [{ driver: 'cloudflare', port: 7001 }] } },
  'gateway-ssh-keyfile': {
    config: {
      gateways: [
        {
          driver: 'ssh',
          remotePort: 7001,
          connection: { host: 'jump.studio.example', port: 2200, auth: { type: 'keyfile', keyfile: '~/.ssh/studio' } },
        },
      ],
    },
  },
  'gateway-ssh-password': {
    config: { gateways: [{ connection: { port: 22, auth: { type: 'password', password: 'open sesame' } } }] },
  },
  'gateway-variables': { config: { gateways: [{ port: 7001 }] } },
  'whole-single': {
    config: { listeners: [{ port: 7001 }], gateways: [{ port: 7001 }], controller: undefined },
  },
  'whole-events': { config: { listeners: [{ endpoints: [{ fullPath: '/chat/said', workflow: undefined }] }] } },
  'whole-two-steps': { config: { listeners: [{ maxConcurrent: 3, endpoints: [{ fullPath: '/hooks/drawn' }] }] } },
  production: { config: { controller: { host: '0.0.0.0', port: 443 }, listeners: [{ endpoints: [] }] }, warnings: 3 },
  development: { config: { gateways: [{ port: 7000 }], listeners: [{ port: 7001 }] }, warnings: 2 },
  'component-timeout': { config: { gateways: [] }, warnings: 2 },
  'workflow-retry': { config: { components: undefined }, warnings: 2 },
  'workflow-logging': { config: { components: undefined }, warnings: 1 },
}

function compileFixture(name: string): Config {
  return compileConfig(loadConfig(join(FIXTURES, `${name}.yml`), { env: FIXTURE_ENV }))
}

describe('a config with the features of the chapter', () => {
  test('has a fixture for each expectation, and an expectation for each fixture', () => {
    const names = readdirSync(FIXTURES).map((file) => file.replace(/\.yml$/, ''))
    expect(names.toSorted()).toEqual(Object.keys(EXPECTED).toSorted())
  })

  test.each(Object.entries(EXPECTED))('%s becomes what it says', (name, { config, warnings = 0 }) => {
    const compiled = compileFixture(name)
    expect(compiled).toMatchObject(config)
    expect(compiled.warnings).toHaveLength(warnings)
  })

  test('keeps its components and jobs', () => {
    const { components, workflows } = compileFixture('whole-two-steps')
    expect(components?.get('painter')).toMatchObject({
      id: 'painter',
      type: 'http-client',
      method: 'POST',
      path: { source: '/draw' },
      headers: { source: { Authorization: 'Bearer paint' } },
    })
    expect(workflows.get('__workflow__')).toMatchObject({
      title: 'Draw and shrink',
      jobs: [
        { id: 'draw', component: 'painter', after: [] },
        {
          id: 'shrink',
          component: 'press',
          after: ['draw'],
          output: { source: { saved: '${output.before - output.after}' } },
        },
      ],
    })
    expect(compileFixture('component-timeout').components?.get('printer')).toMatchObject({
      timeoutMs: 120_000,
      requestTimeoutMs: 120_000,
    })
    expect(compileFixture('workflow-retry').workflows.get('__workflow__')?.jobs[0]?.onError).toMatchObject([
      { id: 'again', after: [], retry: { maxAttempts: 4, delayMs: 2000, backoff: 'fixed' } },
    ])
  })

  test('runs its jobs one after the other', () => {
    const jobs = compileFixture('workflow-logging').workflows.get('__workflow__')?.jobs
    expect(jobs?.map(({ id, after }) => [id, after])).toEqual([
      ['order', []],
      ['log-order', ['order']],
      ['log-done', ['order', 'log-order']],
    ])
  })

  test('renders its templates', () => {
    const [listener] = compileFixture('listener-mapping').listeners
    const body = { file: { link: 'l', pages: 3, bytes: 9 }, work_ms: 5, queue_ms: 7 }
    expect(listener?.endpoints[0]?.result?.render({ body })).toEqual({
      link: 'l',
      pages: 3,
      weight: 9,
      seconds: 12,
      everything: body,
    })
  })
})

test.each(readdirSync(FIXTURES))('callbacks() takes the fixture %s', (file) => {
  const source = loadConfig(join(FIXTURES, file), { env: FIXTURE_ENV })
  const { endpoints } = callbacks(source, { logger: SILENT }).stats()
  expect(Object.keys(endpoints)).toHaveLength(compileConfig(source).listeners.flatMap((one) => one.endpoints).length)
})
