import { describe, expect, test } from '@jest/globals'
import type { ComponentConfig } from '../../lib/config/schema'
import { drawing, DRAW, idOf, useFlows } from './use-flows'

const flows = useFlows()
const BODY = { prompt: 'a cat' }
const OK = { status: '${response.ok}', success_when: true, fail_when: false } as const

describe('an immediate answer is judged by "status"', () => {
  test.each<[string, ComponentConfig, object, string]>([
    ['a flag', OK, { ok: false, error: 'no paint' }, 'false'],
    ['a word', { status: '${response.state}', fail_when: ['error', 'dead'] }, { state: 'dead' }, 'dead'],
    ['a number', { status: '${response.code}', fail_when: [1, 2] }, { code: 2, why: 'full' }, '2'],
    ['a header', { status: '${header.X-State}', fail_when: 'bad' }, { why: 'header' }, 'bad'],
    ['the status of HTTP', { status: '${status_code}', fail_when: [200] }, { why: 'code' }, '200'],
  ])('%s says failure', async (_, judged, body, status) => {
    const { hooks, service } = await flows.open(drawing({ body: BODY, ...judged }), () => ({
      headers: { 'X-State': 'bad' },
      body,
    }))
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_HTTP_STATUS',
      status: 200,
      body,
      message: `Job "draw" failed: POST ${service.origin}/tasks answered 200, and its status "${status}" means failure: ${JSON.stringify(body)}`,
    })
  })

  test('failure ends the job at once, though its callback is awaited, and is not repeated', async () => {
    const { hooks, jobs } = await flows.open(drawing(OK, { retry: {} }), () => ({ body: { ok: false } }))
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS', status: 200, body: { ok: false } })
    expect(hooks.stats()).toMatchObject({ waiting: 0 })
    expect(jobs.map(({ status }) => status)).toEqual(['running', 'failed'])
  })

  test('failure is not polled about', async () => {
    const completion = { type: 'polling', path: '/tasks/7' } as const
    const { hooks, service } = await flows.open(drawing({ body: BODY, ...OK, completion }), () => ({
      body: { ok: false },
    }))
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    expect(service.requests.length).toBe(1)
  })

  test.each<[string, ComponentConfig, unknown]>([
    ['success', OK, { ok: true }],
    ['a status that is not in fail_when', { status: '${response.ok}', fail_when: false }, { ok: 'maybe' }],
    ['no status, with fail_when', { status: '${response.ok}', fail_when: false }, {}],
    ['no answer, with fail_when', { status: '${response.ok}', fail_when: false }, undefined],
    ['no list', { status: '${response.ok}' }, { ok: false }],
  ])('%s changes nothing', async (_, judged, body) => {
    const { hooks } = await flows.open(drawing({ body: BODY, ...judged }), () => ({ body }))
    await expect(hooks.run()).resolves.toEqual(body ?? null)
  })

  test.each<[string, ComponentConfig, unknown, string]>([
    [
      'a flag',
      { status: '${response.ok}', success_when: true },
      { ok: false },
      'its status "false" is not in success_when',
    ],
    [
      'a number',
      { status: '${response.code}', success_when: [0] },
      { code: 17 },
      'its status "17" is not in success_when',
    ],
    ['in neither list', OK, { ok: 'maybe' }, 'its status "maybe" is not in success_when'],
    ['missing', OK, { error: 'no' }, 'it has no status, which success_when asks for'],
    ['no body', OK, undefined, 'it has no status, which success_when asks for'],
    ['no waiting', { ...OK, completion: 'none' }, { ok: 1 }, 'its status "1" is not in success_when'],
  ])('where nothing follows the answer, success_when says what is good: %s', async (_, judged, body, why) => {
    const { hooks, service } = await flows.open(drawing({ body: BODY, ...judged }, { retry: 2 }), () => ({ body }))
    const quoted = body === undefined ? '' : `: ${JSON.stringify(body)}`
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_HTTP_STATUS',
      status: 200,
      message: `Job "draw" failed: POST ${service.origin}/tasks answered 200, and ${why}${quoted}`,
    })
    expect(service.requests.length).toBe(1)
  })

  test('where more follows, a status that is in neither list says that the work goes on', async () => {
    const completion = { type: 'polling', path: '/tasks/7', result: '${response.value}' } as const
    const { hooks } = await flows.open(
      drawing({ body: BODY, ...OK, completion, output: '${result}' }),
      ({ method, path }) => ({ body: method === 'POST' && path === '/tasks' ? { ok: 'soon' } : { value: 'drawn' } }),
    )
    await expect(hooks.run()).resolves.toBe('drawn')
    const waiting = await flows.open(drawing(OK), async (request, flow) => {
      await flow.callback({ id: idOf(request), status: 'ok', value: 'called' })
      return { body: { ok: 'soon' } }
    })
    await expect(waiting.hooks.run()).resolves.toBe('called')
  })

  test('the message holds no secret of the request', async () => {
    const { hooks } = await flows.open(
      drawing({ body: { ...BODY, api_key: 'canary-0123456789' }, ...OK }),
      ({ body }) => ({ body: { ok: false, echo: body } }),
    )
    const error = await hooks.run().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ message: expect.stringContaining('[redacted]') })
    expect(JSON.stringify(error) + String(error)).not.toContain('canary')
  })

  test('it may be repeated where "on" says so', async () => {
    const config = drawing({ body: BODY, ...OK }, { retry: { delay: 100, on: 200 } })
    const { hooks, told, clock } = await flows.open(config, (_, { service }) => ({
      body: { ok: service.requests.length > 1 },
    }))
    const output = hooks.run()
    await told('draw', 'retrying')
    clock.advance(100)
    await expect(output).resolves.toEqual({ ok: true })
  })

  test('its keys may stand in an action', async () => {
    const { path, body, base_url } = DRAW
    const { hooks } = await flows.open(
      { ...drawing(), component: { base_url, action: { path, body: { ...body, callback_url: '' }, ...OK } } },
      () => ({ body: { ok: false } }),
    )
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
  })
})

describe('lists that are never read', () => {
  test.each(['success_when', 'fail_when'])(
    '%s without a status is warned of, and all answers are successes',
    async (key) => {
      const { hooks, log } = await flows.open(drawing({ body: BODY, [key]: 'x' }), () => ({ body: 'x' }))
      await expect(hooks.run()).resolves.toBe('x')
      expect(log).toContainEqual(
        expect.objectContaining({
          level: 'warn',
          message: expect.stringContaining(
            `component.${key}: never read without "status", so every answer is a success`,
          ),
        }),
      )
    },
  )

  test('a value in both is refused', async () => {
    const config = drawing({ status: '${response.ok}', success_when: ['a', 'b'], fail_when: ['b'] })
    await expect(flows.open(config)).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE', at: 'component.fail_when' })
  })
})

describe('a wait that times out', () => {
  test.each<[string, unknown, string]>([
    ['JSON', { status: 'queued' }, '{"status":"queued"}'],
    ['text', 'we call you\nback', 'we call you back'],
    ['much', 'x'.repeat(1000), `${'x'.repeat(200)}…`],
  ])('quotes what was answered: %s', async (_, body, quoted) => {
    const { hooks, told, clock, service } = await flows.open(drawing({}, { timeout: '4s' }), () => ({
      status: 202,
      body,
    }))
    const output = hooks.run()
    await told('draw', 'waiting')
    clock.advance(4016)
    await expect(output).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: expect.stringMatching(
        /came to POST \/done within 4000 ms\. No request has ever reached this middleware: /,
      ),
    })
    const error = await output.catch((reason: unknown) => reason)
    expect(String(error)).toContain(`lead here? POST ${service.origin}/tasks had answered 202: ${quoted}`)
    expect(String(error).endsWith(quoted)).toBe(true)
  })

  test('shows no secret of the request', async () => {
    const body = { ...DRAW.body, token: 'canary-0123456789' }
    const { hooks, told, clock } = await flows.open(drawing({ body }, { timeout: '4s' }), (request) => ({
      status: 202,
      body: request.body,
    }))
    const output = hooks.run()
    await told('draw', 'waiting')
    clock.advance(4016)
    const error = await output.catch((reason: unknown) => reason)
    expect(String(error)).toContain('[redacted]')
    expect(JSON.stringify(error) + String(error)).not.toContain('canary')
  })
})
