import { describe, expect, test } from '@jest/globals'
import type { Express } from 'express'
import type { Callbacks, CallbacksConfig } from '../../lib'
import { DONE, drawing, useFlows } from './use-flows'

const flows = useFlows()
const ID = '${context.run_id}'
const URL_HERE = 'http://localhost:8090/done'

describe('a request tells a callback URL', () => {
  test.each<[string, Parameters<typeof drawing>[0]]>([
    ['deep in its body', { body: { id: ID, a: [{ b: { url: URL_HERE } }] } }],
    ['in a list that is its body', { body: [URL_HERE, { id: ID }] }],
    ['in its query', { body: { id: ID }, params: { hook: URL_HERE } }],
    ['in a list of its query', { body: { id: ID }, params: { hook: ['a', URL_HERE] } }],
    ['in the URL that it asks', { body: { id: ID }, path: `/tasks?hook=${encodeURIComponent(URL_HERE)}` }],
    ['in a header', { body: { id: ID }, headers: { 'X-Hook': URL_HERE } }],
    [
      'in a form',
      { body: { id: ID, url: URL_HERE }, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
    ],
    ['in XML', { body: `<task><hook>${URL_HERE}</hook></task>`, headers: { 'Content-Type': 'application/xml' } }],
    [
      'in JSON that is written as text',
      { body: `{"hook":"${URL_HERE}"}`, headers: { 'Content-Type': 'application/json' } },
    ],
    ['with spaces around it', { body: { id: ID, url: ` ${URL_HERE}\n` } }],
    ['with query and fragment', { body: { id: ID, url: `${URL_HERE}?a=b&c=d#e` } }],
    ['with a trailing slash, in capitals', { body: { id: ID, url: 'HTTP://LOCALHOST:8090/DONE/' } }],
    ['on any origin', { body: { id: ID, url: 'https://some.where.example:8443/done' } }],
    ['from its input', { body: { id: ID, url: '${input.url}' } }],
  ])('%s', async (_, component) => {
    const { hooks, told } = await flows.open(drawing(component), () => ({ body: { id: 'own' } }))
    const output = hooks.run({ url: URL_HERE })
    await told('draw', 'waiting')
    await hooks.settle('own', 'done')
    await expect(output).resolves.toBe('done')
  })
})

describe('a request tells no callback URL', () => {
  test.each<[string, unknown]>([
    ['when a prompt merely mentions one', `Call ${URL_HERE} when you are done`],
    ['when a prompt begins with one', `${URL_HERE} is where I want it`],
    ['when a prompt begins with one that has a query', `${URL_HERE}?id=7 answers 404, why?`],
    ['when a prompt begins with one that has a fragment', `${URL_HERE}#top is broken`],
    ['when a prompt has one in its second line', `Look:\n${URL_HERE}`],
    ['when a prompt begins with one in a line of its own', `${URL_HERE}?a\nLook at that`],
    ['when the path is longer', `${URL_HERE}/more`],
    ['when the path is another', 'http://localhost:8090/undone'],
    ['when it is no URL', '/done'],
    ['when it has another scheme', 'ftp://localhost:8090/done'],
    ['when it cannot be parsed', 'http://[/done'],
    ['when it is a key', { [URL_HERE]: true }],
    ['when it is bytes', Buffer.from(URL_HERE)],
  ])('%s', async (_, prompt) => {
    const config = drawing({ body: { id: ID, prompt: '${input}' } })
    const { hooks } = await flows.open(config, () => ({ body: 'at once' }))
    await expect(hooks.run(prompt)).resolves.toBe('at once')
    expect(hooks.stats().waiting).toBe(0)
  })

  test('when the endpoint is a trigger', async () => {
    const { hooks } = await flows.open({ ...drawing(), listener: { type: 'http-trigger', path: '/done' } }, () => ({
      body: 'at once',
    }))
    await expect(hooks.run()).resolves.toBe('at once')
  })
})

describe('an endpoint is recognised', () => {
  const mounted: readonly [string, CallbacksConfig['listener'], object, string][] = [
    ['below its base path', { ...DONE, base_path: '/base' }, {}, 'https://x.example/base/done'],
    ['below the mount path', DONE, { mountPath: '/hooks' }, 'https://x.example/hooks/done'],
    ['below the mount path, in capitals', DONE, { mountPath: '/hooks' }, 'https://x.example/HOOKS/done'],
    [
      'below a public URL with a path',
      { ...DONE, public_url: 'https://x.example/in' },
      {},
      'https://x.example/in/done',
    ],
    ['below a public URL of the app', DONE, { publicUrl: 'https://x.example/in/' }, 'https://x.example/in/done'],
    [
      'below all of them',
      { ...DONE, base_path: 'base', public_url: 'https://x.example/in' },
      { mountPath: 'hooks' },
      'https://x.example/in/hooks/base/done',
    ],
    ['without any of them', { ...DONE, public_url: 'https://x.example/in' }, { mountPath: '/hooks' }, URL_HERE],
  ]

  test.each(mounted)('%s', async (_, listener, options, url) => {
    const config = { ...drawing({ body: { id: ID, url } }), listener }
    const { hooks, told } = await flows.open(config, undefined, options)
    const output = hooks.run()
    const { ids: [id = ''] = [] } = await told('draw', 'waiting')
    await hooks.settle(id, 1)
    await expect(output).resolves.toBe(1)
  })

  test('where the first request shows that the app mounts it', async () => {
    const config = drawing({ body: { id: ID, url: 'http://localhost:8090/hooks/done' } })
    const flow = await flows.open(config, undefined, {}, (app, hooks) => app.use('/hooks', hooks))
    await flow.post('/hooks/other').send({})
    const output = flow.hooks.run()
    const { ids = [] } = await flow.told('draw', 'waiting')
    expect(await flow.callback({ id: ids[0], status: 'ok', value: 1 }, '/hooks/done')).toBe(200)
    await expect(output).resolves.toBe(1)
  })

  test('wherever it may be mounted, before any request has shown that', async () => {
    const config = drawing({ body: { id: ID, url: 'http://localhost:8090/hooks/done' } })
    const flow = await flows.open(config, undefined, {}, (app, hooks) => app.use('/hooks', hooks))
    const output = flow.hooks.run()
    await expect(Promise.race([output, flow.told('draw', 'waiting')])).resolves.toMatchObject({ status: 'waiting' })
  })

  test('not below a path that is none of them', async () => {
    const config = drawing({ body: { id: ID, url: 'https://x.example/other/done' } })
    const { hooks } = await flows.open(config, () => ({ body: 'at once' }), { mountPath: '/hooks' })
    await expect(hooks.run()).resolves.toBe('at once')
  })

  test('on each of two ports that have the same route', async () => {
    const config = {
      ...drawing({ body: { id: ID, url: URL_HERE } }),
      listeners: [
        { ...DONE, port: 8090 },
        { ...DONE, port: 8091 },
      ],
      listener: undefined,
    }
    const { hooks, told, callback } = await flows.open(config)
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    expect(await callback({ id: ids[0], status: 'ok', value: 1 })).toBe(200)
    await expect(output).resolves.toBe(1)
  })
})

describe('a job that sends a URL waits, however the URL is written', () => {
  const NATIVE = { ...DONE, path: '/größe/a b' }
  const URLS = [
    'http://localhost:8090/größe/a b',
    'http://localhost:8090/gr%C3%B6%C3%9Fe/a%20b',
    'http://localhost:8090/gr%c3%b6%c3%9fe/%61%20b/',
    'http://localhost:8090//gro\u0308ße//a%20b?x=1',
    'HTTP://LOCALHOST:8090/GRÖßE/A B',
  ]

  test.each(URLS.flatMap((url) => ['body', 'list', 'params', 'xml', 'json'].map((place) => [place, url] as const)))(
    'in %s: %s',
    async (place, url) => {
      const places: Record<string, Parameters<typeof drawing>[0]> = {
        body: { body: { id: ID, url: '${input}' } },
        list: { body: [ID, ['${input}']] },
        params: { body: { id: ID }, params: { hook: '${input}' } },
        xml: { body: '<task><hook>${input}</hook></task>', headers: { 'Content-Type': 'application/xml' } },
        json: { body: '{"hook":"${input}"}', headers: { 'Content-Type': 'application/json' } },
      }
      const { hooks, told, callback } = await flows.open({ ...drawing(places[place]), listener: NATIVE })
      const output = hooks.run(url)
      const { ids: [id] = [] } = await told('draw', 'waiting')
      expect(await callback({ id, status: 'ok', value: 1 }, '/gr%C3%B6%C3%9Fe/a%20b')).toBe(200)
      await expect(output).resolves.toBe(1)
    },
  )

  test.each(['http://localhost:8090/größe/x', 'http://localhost:8090/gr%C3%B6%C3%9Fe/x'])(
    'in a header: %s',
    async (url) => {
      const config = drawing({ body: { id: ID }, headers: { 'X-Hook': '${input}' } })
      const { hooks, told, callback } = await flows.open({ ...config, listener: { ...DONE, path: '/größe/x' } })
      const output = hooks.run(url)
      const { ids: [id] = [] } = await told('draw', 'waiting')
      expect(await callback({ id, status: 'ok', value: 1 }, '//gr%C3%B6%C3%9Fe//x')).toBe(200)
      await expect(output).resolves.toBe(1)
    },
  )

  test.each(['http://localhost:8090//image//done', 'http://localhost:8090/image//done/'])('with %s', async (url) => {
    const config = { ...drawing({ body: { id: ID, url } }), listener: { ...DONE, path: '/image/done' } }
    const { hooks, told, callback } = await flows.open(config)
    const output = hooks.run()
    const { ids: [id] = [] } = await told('draw', 'waiting')
    expect(await callback({ id, status: 'ok', value: 1 }, new URL(url).pathname)).toBe(200)
    await expect(output).resolves.toBe(1)
  })

  test('but a parameter is no sentence', async () => {
    const config = { ...drawing({ body: { prompt: '${input}' } }), listener: { ...DONE, path: '/tasks/:id' } }
    const { hooks } = await flows.open(config, () => ({ body: 'at once' }))
    await expect(hooks.run('http://localhost:8090/tasks/7 is broken')).resolves.toBe('at once')
  })

  test('nor is an encoded slash a slash', async () => {
    const config = {
      ...drawing({ body: { url: 'http://localhost:8090/image%2Fdone' } }),
      listener: { ...DONE, path: '/image/done' },
    }
    const { hooks } = await flows.open(config, () => ({ body: 'at once' }))
    await expect(hooks.run()).resolves.toBe('at once')
  })
})

describe('where the mount path has parameters', () => {
  const byTenant = (app: Express, hooks: Callbacks): unknown => app.use('/tenants/:tenant/hooks', hooks)
  const url = 'http://localhost:8090/tenants/${input.tenant}/hooks/done'

  test.each<[string, object]>([
    ['after a request of another tenant', {}],
    ['with options.mountPath', { mountPath: '/tenants/:tenant/hooks' }],
  ])('a job waits for the callback of its own tenant, %s', async (_, options) => {
    const flow = await flows.open(drawing({ body: { id: ID, url } }), undefined, options, byTenant)
    await flow.callback({ id: 'x' }, '/tenants/a/hooks/done')
    const output = flow.hooks.run({ tenant: 'b' })
    const { ids: [id] = [] } = await flow.told('draw', 'waiting')
    expect(await flow.callback({ id, status: 'ok', value: 1 }, '/tenants/b/hooks/done')).toBe(200)
    await expect(output).resolves.toBe(1)
  })

  test('${callback.id} carries the ticket in a URL that the config writes, and ${callback.url} is refused', async () => {
    const written = drawing({ body: { url: `${url}?callback_id=\${callback.id}` } })
    const flow = await flows.open(written, undefined, { mountPath: '/tenants/:tenant/hooks' }, byTenant)
    const output = flow.hooks.run({ tenant: 'b' })
    await flow.told('draw', 'waiting')
    const sent = String(Object(flow.service.requests[0]?.body).url)
    expect(await flow.callback({ status: 'ok', value: 1 }, sent.replace('http://localhost:8090', ''))).toBe(200)
    await expect(output).resolves.toBe(1)

    const refused = await flows.open(drawing({ body: { url: '${callback.url}' } }), undefined, {}, byTenant)
    await refused.callback({ id: 'x' }, '/tenants/a/hooks/done')
    await expect(refused.hooks.run()).rejects.toMatchObject({ code: 'ERR_ENDPOINT_AMBIGUOUS' })
    expect(refused.service.requests).toHaveLength(0)
  })
})
