import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
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
