import SwaggerParser from '@apidevtools/swagger-parser'
import { describe, expect, test } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import type { CallbacksConfig } from '../../lib'
import { ANSWER_STATUS } from '../../lib/base/errors'
import { SCHEMAS } from '../../lib/controller/openapi/schemas'
import { CONFIG, type ServedController, useControllers } from './use-controller'
import { createChecker, type OpenApi } from './use-openapi'

const { ways, listen, mount, serve: serveApp } = useControllers()
const TOKEN = 'correct horse battery staple'
const GATEWAYS = {
  ...CONFIG,
  gateway: { driver: 'static', port: 8090, public_url: 'https://x.example' },
} as const satisfies CallbacksConfig

async function read({ get }: ServedController, token?: string): Promise<OpenApi> {
  const asked = get('/openapi.json')
  const { status, type, body } = await (token === undefined ? asked : asked.set('authorization', `Bearer ${token}`))
  expect([status, type]).toEqual([200, 'application/json'])
  return body
}

/** Every route, in the order in which it is documented. */
const ROUTES = [
  'get /',
  'get /workflows',
  'post /workflows/runs',
  'get /tasks',
  'get /tasks/{id}',
  'post /tasks/{id}/cancel',
  'get /waits',
  'get /gateways',
  'get /gateways/{id}/qr',
  'get /health',
  'get /metrics',
  'get /deliveries',
  'get /deliveries/{id}',
  'post /deliveries/{id}/replay',
  'post /waits/{id}/settle',
  'post /waits/{id}/fail',
  'post /waits/{id}/cancel',
  'get /events',
  'get /openapi.json',
]

describe.each(ways)('GET /openapi.json, %s', (_way, serve) => {
  test.each([
    ['without auth', undefined],
    ['with auth', { auth: { type: 'bearer', token: TOKEN } } as const],
  ])('is valid %s, and has every route', async (_name, controller) => {
    const served = await serve({ ...CONFIG, ...(controller && { controller }) })
    const document = await read(served, controller?.auth.token)
    const { paths, servers, openapi } = document
    const lines = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    )
    expect([openapi, servers, lines.toSorted()]).toEqual(['3.1.0', [{ url: '.' }], ROUTES.toSorted()])
    // The parser replaces references in what it is given.
    await expect(SwaggerParser.validate(structuredClone(document) as never)).resolves.toBeDefined()
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
    for (const { summary } of operations) expect(summary).toMatch(/^[A-Z].{10,}[^.]$/)
  })
})

test('every schema of the document is used', async () => {
  const document = await read(await listen())
  const text = JSON.stringify(document)
  const unused = Object.keys(SCHEMAS).filter((name) => !text.includes(`"#/components/schemas/${name}"`))
  expect(unused).toEqual([])
})

test('the page and its parts need no token by the document, all else does where auth is set', async () => {
  const open = await read(await listen())
  expect([open.security, open.components.securitySchemes]).toEqual([undefined, undefined])
  const closed = await read(await listen({ ...CONFIG, controller: { auth: { type: 'bearer', token: TOKEN } } }), TOKEN)
  expect([closed.security, closed.components.securitySchemes]).toEqual([
    [{ bearer: [] }],
    { bearer: { type: 'http', scheme: 'bearer' } },
  ])
  for (const [path, methods] of Object.entries(closed.paths)) {
    for (const { security, responses } of Object.values(methods))
      expect([path, security, '401' in responses]).toEqual([path, path === '/' ? [] : undefined, path !== '/'])
  }
  expect(JSON.stringify(closed)).not.toContain(TOKEN)
})

test('every action is documented as one that may be forbidden', async () => {
  const { paths } = await read(await listen())
  const forbidden = Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods).some(({ responses }) => responses[403]?.description.includes('ERR_FORBIDDEN')) ? [path] : [],
  )
  expect(forbidden).toEqual(['/deliveries/{id}/replay', '/waits/{id}/settle', '/waits/{id}/fail', '/waits/{id}/cancel'])
})

test('the query of deliveries is documented with each parameter that is taken', async () => {
  const served = await listen()
  const { paths } = await read(served)
  const names = paths['/deliveries']?.['get']?.parameters.map(({ name }) => name)
  expect(names).toEqual(['endpoint', 'id', 'verdict', 'since', 'until', 'text', 'before', 'limit'])
  const { body } = await served.get('/deliveries?nonsense=1')
  for (const name of names ?? []) expect(body.error.message).toContain(name)
})

/** A request, the status of its answer, and a body. `TASK`, `ENDED` and `DELIVERY` are replaced by ids. */
const REQUESTS: readonly (readonly [line: string, status: number, body?: unknown])[] = [
  ['GET /', 200],
  ['GET /workflows', 200],
  ['POST /workflows/runs', 200, { workflow_id: 'say', input: 1 }],
  ['POST /workflows/runs', 200, { workflow_id: 'say', input: [1], output_only: true }],
  ['POST /workflows/runs', 202, { workflow_id: null, input: 1, wait_for_completion: false }],
  ['POST /workflows/runs', 400, { workflow: 'say' }],
  ['POST /workflows/runs', 404, { workflow_id: 'nobody' }],
  ['GET /tasks', 200],
  ['GET /tasks?all=true', 200],
  ['GET /tasks/TASK', 200],
  ['GET /tasks/ENDED', 200],
  ['GET /tasks/nobody', 404],
  ['POST /tasks/ENDED/cancel', 409],
  ['POST /tasks/nobody/cancel', 404],
  ['GET /waits', 200],
  ['POST /waits/w1/settle', 200, { result: { any: ['thing'] } }],
  ['POST /waits/w2/settle', 200, { path: '/done' }],
  ['POST /waits/w3/settle', 400, { path: '/nowhere' }],
  ['POST /waits/w3/settle', 400, { outcome: 1 }],
  ['POST /waits/w4/fail', 200, { error: 'out of paint', path: null }],
  ['POST /waits/w4/fail', 400, { path: 1 }],
  ['POST /waits/w5/cancel', 404],
  ['POST /waits/given-up/cancel', 200, { path: null }],
  ['POST /waits/w3/cancel', 400, { result: 1 }],
  ['POST /tasks/TASK/cancel', 200],
  ['GET /gateways', 200],
  ['GET /gateways/8090/qr', 200],
  ['GET /gateways/1/qr', 404],
  ['GET /health', 200],
  ['GET /metrics', 200],
  ['GET /deliveries', 200],
  ['GET /deliveries?limit=1', 200],
  ['GET /deliveries?limit=0', 400],
  ['GET /deliveries?verdict=lost', 400],
  ['GET /deliveries/DELIVERY', 200],
  ['GET /deliveries/nobody', 404],
  ['POST /deliveries/DELIVERY/replay', 200],
  ['POST /deliveries/nobody/replay', 404],
  ['GET /openapi.json', 200],
]

describe.each(ways)('answers are those of the document, %s', (_way, serve) => {
  test('for each route and status', async () => {
    const served = await serve(GATEWAYS)
    const { hooks, post, get, origin } = served
    const checker = createChecker(await read(served))
    const run = async (input: object): Promise<string> =>
      (await post('/workflows/runs', { ...input, wait_for_completion: false })).body.task_id
    const waiting = new Promise((resolve) => hooks.on('job', ({ ids }) => ids?.includes('a') && resolve(ids)))
    const task = await run({ workflow_id: 'hold', input: { id: 'a' } })
    await waiting
    const ended = new Promise((resolve) => hooks.on('task', ({ status }) => status === 'failed' && resolve(status)))
    const failing = await run({ workflow_id: 'hold', input: { id: null } })
    await ended
    const wait = hooks.wait('d').catch(() => undefined)
    void hooks.wait('given-up').catch(() => undefined)
    const ids = { TASK: task, ENDED: failing, DELIVERY: await deliver(served) }
    await wait

    const seen = new Set<string>()
    for (const [template, status, body] of REQUESTS) {
      const line = template.replace(/TASK|ENDED|DELIVERY/, (name) => ids[name as keyof typeof ids])
      const [method = '', path = ''] = line.split(' ')
      const answer = await (method === 'GET' ? get(path) : post(path, body ?? {}))
      expect([line, answer.status, answer.text]).toEqual([line, status, expect.any(String)])
      const type = answer.headers['content-type'] ?? ''
      checker.checkAnswer(line, status, type, type.startsWith('text/') ? answer.text : answer.body)
      if (body !== undefined && status < 300) expect([line, checker.findProblem(line, body)]).toEqual([line, undefined])
      seen.add(checker.nameOf(line).toLowerCase())
    }
    const events = await fetch(`${origin}/events`, { method: 'HEAD' })
    checker.checkAnswer('GET /events', events.status, events.headers.get('content-type') ?? '', '')
    expect([...seen, 'get /events'].toSorted()).toEqual(ROUTES.toSorted())
  })
})

test.each([
  ['POST /workflows/runs', { workflow: 'say' }],
  ['POST /workflows/runs', { workflow_id: 1 }],
  ['POST /workflows/runs', { wait_for_completion: 'no' }],
  ['POST /waits/a/settle', { error: 1 }],
  ['POST /waits/a/settle', { path: 1 }],
  ['POST /waits/a/fail', { result: 1 }],
  ['POST /waits/a/fail', []],
  ['POST /waits/a/cancel', { error: 1 }],
])('%s %j is refused by the document, and by the controller', async (line, body) => {
  const served = await listen()
  expect(createChecker(await read(served)).findProblem(line, body)).toEqual(expect.any(String))
  const { status, body: answer } = await served.post(line.slice(5), body)
  expect([status, answer.error.code]).toEqual([400, 'ERR_REQUEST'])
})

/** Sends a callback that ends the wait for `d`, and returns the id of its delivery. */
async function deliver({ hooks, get }: ServedController): Promise<string> {
  const origin = await serveApp(express().use(hooks))
  await request(origin).post('/done').send({ id: 'd' }).expect(200)
  return (await get('/deliveries')).body.deliveries[0].id
}

test('a failed run and a closing controller answer as the document says', async () => {
  const served = await mount()
  const checker = createChecker(await read(served))
  const failed = await served.post('/workflows/runs', { workflow_id: 'hold', input: { id: null } })
  checker.checkAnswer('POST /workflows/runs', 500, failed.type, failed.body)
  expect(failed.status).toBe(500)
  await served.hooks.close()
  const health = await served.get('/health')
  expect(health.status).toBe(503)
  checker.checkAnswer('GET /health', 503, health.type, health.body)
  const run = await served.post('/workflows/runs', {})
  expect([run.status, run.body.error.code]).toEqual([503, 'ERR_CLOSED'])
  checker.checkAnswer('POST /workflows/runs', 503, run.type, run.body)
})

test('statuses of errors in the document are those of the table of codes', async () => {
  const { paths } = await read(await listen())
  for (const [path, methods] of Object.entries(paths)) {
    for (const { responses } of Object.values(methods)) {
      for (const [status, { description }] of Object.entries(responses)) {
        const codes = description.match(/ERR_\w+/g) ?? []
        const statuses = codes.map((code) => ANSWER_STATUS[code as keyof typeof ANSWER_STATUS])
        expect([path, status, statuses]).toEqual([path, status, codes.map(() => Number(status))])
      }
    }
  }
})
