import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig, CallbacksOptions } from '../../lib'
import type { ComponentConfig } from '../../lib/config/schema'
import { type FakeService, useServices } from '../helpers/fake-service'
import { createClient, errorOf, renderRequest } from './requests'
import { type Answer, DONE, type Flow, until, useFlows } from '../workflow/use-flows'

const others = useServices()
const flows = useFlows()

const CANARY = 'canary-4711-do-not-tell'

/** Credentials wherever a request can have them; `REGION` is none. */
const CREDENTIALS = {
  headers: {
    Authorization: 'Bearer ${env.SHOP_TOKEN}',
    'X-Api-Key': `${CANARY}-1`,
    Cookie: `a=1; sid=${CANARY}`,
    'X-Tenant': 'tenant ${env.SHOP_TOKEN}',
    'X-Region': '${env.REGION}',
  },
  params: { api_key: `${CANARY}-2`, tenant: '${env.SHOP_TOKEN}', region: '${env.REGION}' },
} as const

const BODIES: readonly (readonly [string, unknown])[] = [
  ['a field that is named like one', { a: [{ api_key: `${CANARY}-3` }] }],
  ['a known secret in a text', 'key is ${env.SHOP_TOKEN}'],
  ['a known secret in base64', { data: '${env.SHOP_TOKEN as base64}' }],
  ['JSON that is text', `{"password": "${CANARY}-3"}`],
  ['a form that is text', `a=1&client_secret=${CANARY}-3`],
  ['what is in a header too', { note: `${CANARY}-1` }],
  ['a number', { pin: { access_token: 471_147 } }],
]

const LOG: string[] = []
const logger = {
  debug: () => undefined,
  info: () => undefined,
  error: () => undefined,
  warn: (_details: object, message: string) => void LOG.push(message),
}

function openFlow(component: ComponentConfig, answer: Answer, env: Record<string, string> = {}): Promise<Flow> {
  LOG.length = 0
  const config: CallbacksConfig = {
    listener: DONE,
    component: { base_url: '${env.API}', ...component },
    workflow: { jobs: [{ id: 'ask' }] },
  }
  const options: CallbacksOptions = { env: { SHOP_TOKEN: `${CANARY}-0`, REGION: 'eu-north', ...env }, logger }
  return flows.open(config, answer, options)
}

function openOther(): Promise<FakeService> {
  return others.open(({ path }) => ({ body: { status: 'done', path } }))
}

function expectNoCanary(other: FakeService): void {
  for (const { url, headers, raw } of other.requests) {
    const seen = JSON.stringify({ url, headers }) + raw.toString()
    expect(seen).not.toContain('canary')
    expect(seen).not.toContain('471147')
    expect(seen).not.toContain(Buffer.from(CANARY).toString('base64').slice(0, 20))
  }
}

describe('a rendered URL on another origin', () => {
  test.each<[string, ComponentConfig]>([
    ['a path', { path: '${input.url}' }],
    ['a path with a default', { path: '${input.none | ${input.url}}' }],
    ['an endpoint', { endpoint: '${input.url}' }],
    ['an endpoint without base_url', { base_url: '', endpoint: '${input.url}' }],
    ['an endpoint that begins with a value', { endpoint: '${input.url}/more' }],
    ['a host', { endpoint: 'http://${input.host}/x' }],
    ['a base_url', { base_url: '${input.url}', path: '/y?api_key=canary&z=1' }],
  ])('is asked without credentials: %s', async (_what, component) => {
    const other = await openOther()
    const { hooks } = await openFlow({ ...CREDENTIALS, completion: 'none', ...component }, () => undefined)
    const input = { url: `${other.origin}/x`, host: other.origin.slice('http://'.length) }
    await hooks.run(input)
    await hooks.run(input)
    expect(other.requests.length).toBe(2)
    expectNoCanary(other)
    expect(other.requests[0]).toMatchObject({ query: { region: 'eu-north' }, headers: { 'x-region': 'eu-north' } })
    expect(LOG.length).toBe(1)
    expect(LOG[0]).toContain(`component asks ${other.origin}, `)
    expect(LOG[0]).toMatch(
      /: sent without authorization, x-api-key, cookie, x-tenant, .*\?api_key, \?tenant\. If it may have/,
    )
    expect(LOG[0]).not.toContain('canary')
  })

  test('keeps the query that came with it, but for secrets of ours', async () => {
    const other = await openOther()
    const { hooks } = await openFlow({ ...CREDENTIALS, path: '${input}', completion: 'none' }, () => undefined)
    await hooks.run(`${other.origin}/x?sig=their-own-signature&token=a&echo=${CANARY}-1&also=${CANARY}-0#f`)
    expect(other.requests[0]?.url).toBe('/x?sig=their-own-signature&token=a&region=eu-north')
  })

  test.each(BODIES)('is not asked where the body holds %s', async (_what, body) => {
    const other = await openOther()
    const { hooks } = await openFlow({ ...CREDENTIALS, path: '${input}', body, completion: 'none' }, () => undefined)
    const error = await errorOf(hooks.run(`${other.origin}/x`), 'ERR_CONFIG_VALUE')
    expect(error.message).toContain(
      `The POST request to ${other.origin} is not sent: the body holds a secret, which another origin is not told; write`,
    )
    expect(other.requests).toEqual([])
  })

  test('is not asked where its path holds a secret', async () => {
    const other = await openOther()
    const { hooks } = await openFlow({ path: '${input}', completion: 'none' }, () => undefined)
    await errorOf(hooks.run(`${other.origin}/x/${CANARY}-0/y`), 'ERR_CONFIG_VALUE')
    expect(other.requests).toEqual([])
  })

  test('has the credentials where the config names the origin', async () => {
    const other = await openOther()
    const component = { ...CREDENTIALS, completion: 'none', body: { api_key: CANARY } } as const
    for (const target of [
      { endpoint: '${env.OTHER}/x' },
      { path: '${env.OTHER}/${input.id}' },
      { endpoint: '${env.OTHER}/${input.id}' },
      { base_url: '${env.OTHER}', path: '${input.url}' },
    ]) {
      const { hooks } = await openFlow({ ...component, ...target }, () => undefined, { OTHER: other.origin })
      await hooks.run({ id: '7', url: `${other.origin}/x` })
    }
    expect(other.requests.length).toBe(4)
    for (const { headers, query, body } of other.requests)
      expect([headers['x-api-key'], query['api_key'], body]).toEqual([
        `${CANARY}-1`,
        `${CANARY}-2`,
        { api_key: CANARY },
      ])
    expect(LOG).toEqual([])
  })
})

describe.each([301, 302, 303, 307, 308])('a redirect by %i to another origin', (status) => {
  test.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE'] as const)(
    'is followed without credentials on %s',
    async (method) => {
      const other = await openOther()
      const location = `${other.origin}/to?api_key=their-own&echo=${CANARY}-2`
      const { hooks } = await openFlow({ ...CREDENTIALS, method, path: '/from', completion: 'none' }, () => ({
        status,
        headers: { location },
      }))
      await hooks.run()
      expect(other.requests.length).toBe(1)
      expectNoCanary(other)
      expect(other.requests[0]).toMatchObject({ url: '/to?api_key=their-own', headers: { 'x-region': 'eu-north' } })
    },
  )

  test.each(BODIES)('does not repeat a body with %s', async (_what, body) => {
    const other = await openOther()
    const { hooks, service } = await openFlow({ ...CREDENTIALS, path: '/from', body, completion: 'none' }, () => ({
      status,
      headers: { location: `${other.origin}/to` },
    }))
    if (status < 307) {
      await hooks.run()
      expect(other.requests[0]).toMatchObject({ method: 'GET', body: undefined })
    } else {
      const error = await errorOf(hooks.run(), 'ERR_HTTP_STATUS')
      expect(error.message).toContain(
        `POST ${service.origin}/from answered ${status} to ${other.origin}, which is not followed: the body holds a secret`,
      )
      expect(error.status).toBe(status)
      expect(other.requests).toEqual([])
    }
    expectNoCanary(other)
  })

  test.each(['PUT', 'PATCH', 'DELETE'] as const)('does not repeat a body on %s', async (method) => {
    const other = await openOther()
    const body = { api_key: CANARY }
    const { hooks } = await openFlow({ method, path: '/from', body, completion: 'none' }, () => ({
      status,
      headers: { location: `${other.origin}/to` },
    }))
    if (status === 303) await hooks.run()
    else await errorOf(hooks.run(), 'ERR_HTTP_STATUS')
    expect(other.requests.length).toBe(status === 303 ? 1 : 0)
    expectNoCanary(other)
  })

  test('keeps all on the way over the same origin, and brings nothing back', async () => {
    let home = ''
    const other = await others.open(() => ({ status, headers: { location: `${home}/back` } }))
    const { hooks, service } = await openFlow({ ...CREDENTIALS, path: '/from', completion: 'none' }, ({ path }) => {
      if (path === '/from') return { status, headers: { location: '/over' } }
      return path === '/over' ? { status, headers: { location: other.origin } } : { body: {} }
    })
    home = service.origin
    await hooks.run()
    expect(service.requests.map(({ path, headers }) => [path, headers['x-api-key']])).toEqual([
      ['/from', `${CANARY}-1`],
      ['/over', `${CANARY}-1`],
      ['/back', undefined],
    ])
    expectNoCanary(other)
  })
})

describe('asking about a task', () => {
  const asking = {
    status: '${response.status}',
    success_when: 'done',
    path: '${response.url}',
    ...CREDENTIALS,
  } as const

  test('by polling tells another origin nothing', async () => {
    const other = await openOther()
    const completion = { type: 'polling', ...asking } as const
    const { hooks } = await openFlow({ ...CREDENTIALS, path: '/tasks', body: { api_key: CANARY }, completion }, () => ({
      body: { url: `${other.origin}/status` },
    }))
    await expect(hooks.run()).resolves.toMatchObject({ path: '/status' })
    expectNoCanary(other)
    expect(other.requests[0]).toMatchObject({ query: { region: 'eu-north' }, headers: { 'x-region': 'eu-north' } })
  })

  test('by polling that is redirected tells another origin nothing', async () => {
    const other = await openOther()
    const completion = { type: 'polling', ...asking, path: '/tasks/${response.id}' } as const
    const { hooks } = await openFlow({ ...CREDENTIALS, path: '/tasks', body: {}, completion }, ({ method }) =>
      method === 'POST' ? { body: { id: 7 } } : { status: 302, headers: { location: `${other.origin}/to` } },
    )
    await expect(hooks.run()).resolves.toMatchObject({ path: '/to' })
    expectNoCanary(other)
  })

  test('by a fallback tells another origin nothing', async () => {
    const other = await openOther()
    const completion = { type: 'callback', path: '/done', fallback: { after: '1s', ...asking } } as const
    const flow = await openFlow({ ...CREDENTIALS, path: '/tasks', body: {}, completion }, () => ({
      body: { url: `${other.origin}/status` },
    }))
    const output = flow.hooks.run()
    await flow.told('ask', 'waiting')
    await flow.timer(1000)
    flow.clock.advance(1000)
    await expect(output).resolves.toMatchObject({ path: '/status' })
    await until(() => other.requests.length === 1, 'the fallback asked')
    expectNoCanary(other)
  })

  test('on the origin of the first request has its headers, also where only endpoint names that', async () => {
    const completion = { type: 'polling', ...asking, headers: {} } as const
    const component = { ...CREDENTIALS, base_url: '', endpoint: '${env.API}/tasks', body: {}, completion }
    const { hooks, service } = await openFlow(component, ({ method, path }, flow) =>
      method === 'POST' ? { body: { url: `${flow.service.origin}/status` } } : { body: { status: 'done', path } },
    )
    await hooks.run()
    expect(service.requests[1]).toMatchObject({
      path: '/status',
      headers: { 'x-api-key': `${CANARY}-1` },
      query: { api_key: `${CANARY}-2` },
    })
  })
})

describe('TLS', () => {
  const KEY = { 'X-Api-Key': 'abcdefgh' }

  /** What each hop was sent with, by its URL. */
  async function follow(from: string, to: string): Promise<unknown> {
    const seen: [string, string | null][] = []
    const fetch = async (url: unknown, init?: RequestInit): Promise<Response> => {
      seen.push([String(url), new Headers(init?.headers).get('x-api-key')])
      return seen.length === 1 ? new Response(null, { status: 307, headers: { location: to } }) : new Response()
    }
    await createClient({ fetch }).send({ endpoint: from, headers: KEY })
    return seen[1]
  }

  test.each([
    ['http://api.test/x', 'https://api.test/x', 'abcdefgh'],
    ['http://api.test:80/x', 'https://api.test:443/y', 'abcdefgh'],
    ['https://api.test/x', 'http://api.test/x', null],
    ['http://api.test/x', 'https://www.api.test/x', null],
    ['http://api.test:8080/x', 'https://api.test/x', null],
    ['http://api.test/x', 'https://api.test:8443/x', null],
    ['https://api.test/x', 'https://api.test:444/x', null],
    ['https://api.test/x', 'https://api.test./x', null],
  ])('from %s to %s the key is %j', async (from, to, key) => {
    expect(await follow(from, to)).toEqual([to.replace(':443', ''), key])
  })

  test('an upgrade of a rendered URL is at home, a downgrade is not', () => {
    const homesOf = (baseUrl: string, path: string): readonly string[] =>
      renderRequest({ baseUrl, path: '${input}' }, path).homes
    expect(homesOf('https://api.test', 'http://api.test/x')).toEqual(['https://api.test'])
  })
})

describe('a Location', () => {
  test.each<[string, Buffer | string, string]>([
    ['UTF-8', Buffer.from('/größe/日本?q=ü'), '/gr%C3%B6%C3%9Fe/%E6%97%A5%E6%9C%AC?q=%C3%BC'],
    ['UTF-8 behind an origin', Buffer.from('//127.0.0.1:PORT/größe'), '/gr%C3%B6%C3%9Fe'],
    ['UTF-8, relative', Buffer.from('größe#ü'), '/from/gr%C3%B6%C3%9Fe'],
    ['Latin-1', Buffer.from('/größe', 'latin1'), '/gr%C3%B6%C3%9Fe'],
    ['escapes', '/gr%C3%B6%c3%9fe/%2f', '/gr%C3%B6%c3%9fe/%2f'],
    ['plain text', '/a b', '/a%20b'],
  ])('in %s is followed as it is written', async (_what, location, wanted) => {
    const service = await others.open(({ path }) =>
      path === '/from/x'
        ? {
            status: 302,
            headers: { location: location.toString('latin1').replace('127.0.0.1:PORT', service.origin.slice(7)) },
          }
        : {},
    )
    await createClient().send({ endpoint: `${service.origin}/from/x` })
    expect(service.requests[1]?.url).toBe(wanted)
  })

  test('with a user is followed without', async () => {
    const service = await others.open(({ path, headers }) =>
      path === '/from'
        ? { status: 302, headers: { location: service.origin.replace('//', '//me:pass@') } }
        : { body: headers },
    )
    const { body } = await createClient().send({ endpoint: `${service.origin}/from` })
    expect(body).not.toHaveProperty('authorization')
  })
})
