import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { DONE, drawing, useFlows } from './use-flows'

const flows = useFlows()
const config = drawing({ body: { url: '${callback.url}' } })

/** Where a request said that the callback should go. */
function targetOf({ body }: { readonly body: unknown }): string {
  const { pathname, search } = new URL(Object(body).url)
  return pathname + search
}

describe('${callback.url}', () => {
  test('carries an id that nobody can guess, one for each run', async () => {
    const { hooks, service } = await flows.open(config, async (request, { callback }) => {
      await callback({ status: 'ok', value: 1 }, targetOf(request))
      return {}
    })
    await Promise.all([hooks.run(), hooks.run(), hooks.run()])
    const urls = service.requests.map(({ body }) => String(Object(body).url))
    for (const url of urls) expect(url).toMatch(/^http:\/\/localhost:8090\/done\?callback_id=[\w-]{32}$/)
    expect(new Set(urls).size).toBe(3)
  })

  test('gives each run what came to its own URL', async () => {
    const { hooks, told, callback, service } = await flows.open(config)
    const outputs: Promise<unknown>[] = []
    for (const count of [1, 2, 3]) {
      outputs.push(hooks.run(count))
      await told('draw', 'waiting', count)
    }
    for (const [index, request] of [...service.requests.entries()].toReversed())
      expect(await callback({ status: 'ok', value: index }, targetOf(request))).toBe(200)
    await expect(Promise.all(outputs)).resolves.toEqual([0, 1, 2])
  })

  test('wins over the id in the body', async () => {
    const { hooks, told, callback, service } = await flows.open(config)
    const other = hooks.wait('other')
    const output = hooks.run()
    await told('draw', 'waiting')
    await callback({ id: 'other', status: 'ok', value: 'mine' }, targetOf(await service.received()))
    await expect(output).resolves.toBe('mine')
    expect(hooks.stats().waiting).toBe(1)
    await callback({ id: 'other', status: 'ok', value: 'theirs' })
    await expect(other).resolves.toBe('theirs')
  })

  test('is the same wherever a request says it, beside ${callback.id}', async () => {
    const { hooks, service } = await flows.open(
      drawing({
        headers: { 'X-Hook': '${callback.url}' },
        body: { url: '${callback.url}', text: 'to ${callback.url}', id: '${callback.id}' },
      }),
      async (request, { callback }) => {
        await callback({ status: 'ok', value: 1 }, targetOf(request))
        return {}
      },
    )
    await hooks.run()
    const { body, headers } = await service.received()
    const { url, text, id } = Object(body)
    expect(text).toBe(`to ${url}`)
    expect(headers['x-hook']).toBe(url)
    expect(url).toMatch(new RegExp(`=${id}$`))
  })

  test('is waited for, though it stands inside a text', async () => {
    const { hooks, told, callback, service } = await flows.open(
      drawing({ body: { text: 'to ${callback.url} please' } }),
    )
    const output = hooks.run()
    await told('draw', 'waiting')
    const [url = ''] = /http\S+/.exec(String(Object((await service.received()).body).text)) ?? []
    await callback({ status: 'ok', value: 1 }, targetOf({ body: { url } }))
    await expect(output).resolves.toBe(1)
  })

  test('is a new one in another attempt', async () => {
    const flow = await flows.open(
      drawing({ body: { url: '${callback.url}' } }, { retry: { max_attempts: 2 } }),
      () => ({
        status: 500,
      }),
    )
    const output = flow.hooks.run()
    await flow.told('draw', 'retrying')
    flow.clock.advance(1000)
    await expect(output).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    const [first, second] = flow.service.requests
    expect(targetOf(first ?? { body: {} })).not.toBe(targetOf(second ?? { body: {} }))
  })

  const two: CallbacksConfig = {
    ...config,
    listener: {
      callbacks: [
        { ...DONE, path: '/one' },
        { ...DONE, path: '/two' },
      ],
    },
  }

  test('needs a path where there are several endpoints', async () => {
    const { hooks, service } = await flows.open(two)
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_ENDPOINT_AMBIGUOUS',
      message: expect.stringContaining('POST /one, POST /two'),
    })
    expect(service.requests).toEqual([])
  })

  test('is of the endpoint that the completion names', async () => {
    const chosen = drawing({ body: { url: '${callback.url}' }, completion: { path: '/two' } })
    const { hooks } = await flows.open({ ...two, ...chosen, listener: two.listener }, async (request, { callback }) => {
      expect(targetOf(request)).toMatch(/^\/two\?/)
      await callback({ status: 'ok', value: 2 }, targetOf(request))
      return {}
    })
    await expect(hooks.run()).resolves.toBe(2)
  })

  test.each([
    ['bulk', { ...DONE, bulk: true }],
    ['a path with parameters', { ...DONE, path: '/done/:id' }],
  ])('is not there for an endpoint with %s', async (_, listener) => {
    const { hooks } = await flows.open({ ...config, listener })
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_ENDPOINT_AMBIGUOUS' })
  })

  test.each([
    ['a mount path', {}, { mountPath: '/hooks' }, 'http://localhost:8090/hooks/done'],
    ['a public URL', {}, { publicUrl: 'https://me.example/app' }, 'https://me.example/app/done'],
    ['a public URL of the listener', { public_url: 'https://it.example' }, { port: 1 }, 'https://it.example/done'],
    ['the port of the app', {}, { port: 3000 }, 'http://localhost:3000/done'],
  ])('says %s', async (_, listener, options, url) => {
    const { hooks, told, service, callback } = await flows.open(
      { ...config, listener: { ...DONE, ...listener } },
      undefined,
      options,
    )
    const output = hooks.run()
    await told('draw', 'waiting')
    const request = await service.received()
    expect(String(Object(request.body).url).split('?')[0]).toBe(url)
    await callback({ status: 'ok', value: 1 }, `/done?${targetOf(request).split('?')[1]}`)
    await expect(output).resolves.toBe(1)
  })

  test('of an endpoint without identify_by does not take a callback without the id', async () => {
    const { hooks, told, callback, service } = await flows.open({
      ...config,
      listener: { path: '/done', result: '${body.value}' },
    })
    const output = hooks.run()
    await told('draw', 'waiting')
    await callback({ value: 'somebody else' })
    expect(hooks.stats()).toMatchObject({ waiting: 1, parked: 1 })
    await callback({ value: 'mine' }, targetOf(await service.received()))
    await expect(output).resolves.toBe('mine')
  })
})
