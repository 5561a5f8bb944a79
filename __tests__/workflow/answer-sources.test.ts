import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { ComponentConfig } from '../../lib/config/schema'
import { drawing, useFlows } from './use-flows'

const flows = useFlows()
const BODY = { prompt: 'a cat' }

describe('header and status_code of the immediate answer', () => {
  test.each<[string, unknown, unknown]>([
    ['a header', '${header.X-Job}', 'job-7'],
    ['in any case', '${header.x-jOB}', 'job-7'],
    ['in brackets', '${header["X-Job"]}', 'job-7'],
    ['one that is missing', '${header.X-None | "none"}', 'none'],
    ['the status', '${status_code}', 201],
    [
      'all of it',
      { job: '${header.X-Job}', code: '${status_code as text}', id: '${response.id}' },
      { job: 'job-7', code: '201', id: 7 },
    ],
  ])('in the output: %s', async (_, output, expected) => {
    const { hooks } = await flows.open(drawing({ body: BODY, output }), () => ({
      status: 201,
      headers: { 'X-Job': 'job-7' },
      body: { id: 7 },
    }))
    await expect(hooks.run()).resolves.toEqual(expected)
  })

  test('in wait_for, before the callback', async () => {
    const completion = { type: 'callback', wait_for: '${header.X-Job}' } as const
    const { hooks, told, callback } = await flows.open(drawing({ completion, output: '${status_code}' }), () => ({
      status: 202,
      headers: { 'X-Job': 'job-7' },
    }))
    const output = hooks.run()
    expect((await told('draw', 'waiting')).ids).toContain('job-7')
    await callback({ id: 'job-7', status: 'ok', value: 'drawn' })
    await expect(output).resolves.toBe('drawn')
  })

  test.each(['${header.X-Final}', '${header.x-final}'])('in done_when: %s', async (done_when) => {
    const completion = { type: 'callback', done_when } as const
    const { hooks } = await flows.open(drawing({ completion }), () => ({
      headers: { 'X-Final': 'true' },
      body: 'at once',
    }))
    await expect(hooks.run()).resolves.toBe('at once')
  })

  test('of a question, where polling judges it', async () => {
    const completion = {
      type: 'polling',
      path: '/tasks/${header.X-Job}',
      body: { seen: '${status_code}' },
      status: '${header.X-State}',
      success_when: 'done',
      result: { code: '${status_code}', state: '${header.x-state}' },
    } as const
    const { hooks, service } = await flows.open(drawing({ body: BODY, completion }), ({ method, path }) =>
      method === 'POST' && path === '/tasks'
        ? { status: 202, headers: { 'X-Job': 'a/b' } }
        : { status: 203, headers: { 'X-State': 'done' } },
    )
    await expect(hooks.run()).resolves.toEqual({ code: 203, state: 'done' })
    expect(service.requests[1]).toMatchObject({ url: '/tasks/a%2Fb', body: { seen: 202 } })
  })

  test.each<[string, ComponentConfig, string]>([
    ['header', { body: { id: '${header.X-Job}' } }, 'component.body.id'],
    ['status_code', { params: { code: '${status_code}' } }, 'component.params.code'],
    ['header', { path: '/x/${header.Location}' }, 'component.path'],
  ])('%s in the request itself is refused at load', async (_, component, at) => {
    await expect(flows.open(drawing(component))).rejects.toMatchObject({
      code: 'ERR_CONFIG_TEMPLATE',
      at,
      message: expect.stringContaining('nothing is answered yet'),
    })
  })
})

describe('a long-running operation as Azure has it', () => {
  const config = (path: string): CallbacksConfig =>
    drawing({
      body: BODY,
      headers: { 'Ocp-Apim-Subscription-Key': 'canary' },
      completion: {
        type: 'polling',
        path,
        status: '${response.status}',
        success_when: ['succeeded', 'Succeeded'],
        fail_when: ['failed', 'canceled'],
        result: '${response.result.url}',
        interval: 100,
      },
    })

  test.each([
    ['${header.Operation-Location}', 'Operation-Location'],
    ['${header.operation-location}', 'operation-location'],
    ['${header.Azure-AsyncOperation | ${header.Location}}', 'Location'],
  ])('202 without body, polled at %s until it has succeeded', async (path, name) => {
    const { hooks, service, timer, clock } = await flows.open(config(path), ({ method, url }, flow) => {
      if (method === 'POST')
        return {
          status: 202,
          headers: { [name]: `${flow.service.origin}/operations/7?api-version=1`, 'Retry-After': '1' },
        }
      const count = flow.service.requests.filter((one) => one.url === url).length
      return count < 3
        ? { headers: { 'Retry-After': '2' }, body: { status: 'running' } }
        : { body: { status: 'succeeded', result: { url: 'cat.png' } } }
    })
    const output = hooks.run()
    await timer(1000)
    clock.advance(1000)
    for (const count of [1, 2]) {
      await timer(2000, count)
      clock.advance(2000)
    }
    await expect(output).resolves.toBe('cat.png')
    expect(service.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /tasks',
      ...Array<string>(3).fill('GET /operations/7?api-version=1'),
    ])
    expect(service.requests[1]?.headers['ocp-apim-subscription-key']).toBe('canary')
  })

  test.each<[string, ComponentConfig, string, string]>([
    [
      'from the root, below a base_url with a path',
      { base_url: '${env.API}/v1' },
      '/v1/operations/7',
      '/v1/operations/7',
    ],
    ['from another root', { base_url: '${env.API}/v1' }, '/operations/7?x=1', '/operations/7?x=1'],
    ['beside what was asked', { base_url: '${env.API}/v1' }, 'operations/7', '/v1/operations/7'],
    [
      'from the root, of an endpoint',
      { base_url: undefined, path: undefined, endpoint: '${env.API}/v1/tasks' },
      '/v1/op',
      '/v1/op',
    ],
    ['in raw UTF-8', {}, '/größe/日本', '/gr%C3%B6%C3%9Fe/%E6%97%A5%E6%9C%AC'],
    ['in Latin-1', {}, '/caf\u00e9', '/caf%C3%A9'],
  ])('a place that is %s', async (_, component, location, expected) => {
    const encoding = /^[\0-\xff]*$/.test(location) && !location.includes('ß') ? 'latin1' : 'utf8'
    const value = Buffer.from(location, encoding).toString('latin1')
    const completion = { type: 'polling', path: '${header.Location}', interval: 100 } as const
    const { hooks, service } = await flows.open(
      drawing({ body: BODY, headers: { 'X-Api-Key': 'canary' }, ...component, completion }),
      ({ method }) => (method === 'POST' ? { status: 202, headers: { Location: value } } : { body: 'done' }),
    )
    await expect(hooks.run()).resolves.toBe('done')
    expect(service.requests[1]).toMatchObject({ url: expected, headers: { 'x-api-key': 'canary' } })
  })

  test('a header of an answer is text in UTF-8, in errors too', async () => {
    const headers = { 'X-Name': Buffer.from('größe').toString('latin1') }
    const job = { on_error: { output: '${error.header.X-Name}' } }
    const { hooks } = await flows.open(drawing({ body: BODY }, job), () => ({ status: 400, headers }))
    await expect(hooks.run()).resolves.toBe('größe')
    const good = await flows.open(drawing({ body: BODY, output: '${header.X-Name}' }), () => ({ headers }))
    await expect(good.hooks.run()).resolves.toBe('größe')
  })

  test('one that fails', async () => {
    const { hooks } = await flows.open(config('${header.Operation-Location}'), ({ method }) =>
      method === 'POST'
        ? { status: 202, headers: { 'Operation-Location': '/operations/7' } }
        : { body: { status: 'failed', error: { code: 'NoPaint' } } },
    )
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_CALLBACK_FAILED',
      status: 'failed',
      body: { error: { code: 'NoPaint' } },
    })
  })

  test('without the header nothing is asked', async () => {
    const { hooks, service } = await flows.open(config('${header.Operation-Location}'), () => ({ status: 202 }))
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_CONFIG_VALUE',
      message: expect.stringContaining('${header.Operation-Location} in the path is missing'),
    })
    expect(service.requests.length).toBe(1)
  })
})
