import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { parseConfig } from '../../lib'
import { useServices } from '../helpers/fake-service'
import { waitUntil } from '../helpers/store-contract'
import { useHosts } from '../helpers/use-hosts'

const services = useServices()
const hosts = useHosts()
const ID = '7615917337495251231'
const json = (body: string): { headers: Record<string, string>; body: string } => ({
  headers: { 'content-type': 'application/json' },
  body,
})

describe('an integer beyond 2^53 in an answer', () => {
  test('is asked for with all its digits, and sent on as text or as a number', async () => {
    const service = await services.open({
      'POST /jobs': json(`{"job":${ID},"more":[12345678901234567890]}`),
      [`GET /jobs/${ID}`]: json(`{"status":"done","n":${ID}}`),
      'POST /next': {},
    })
    const { hooks } = await hosts.open({
      components: {
        begin: {
          base_url: service.origin,
          path: '/jobs',
          body: {},
          output: '${response}',
          completion: {
            type: 'polling',
            path: '/jobs/${response.job}',
            status: '${response.status}',
            success_when: 'done',
            result: { n: '${response.n}', exact: '${response.n as integer}' },
          },
        },
        next: {
          base_url: service.origin,
          path: '/next',
          body: '${input}',
        },
      },
      workflow: {
        jobs: [
          { id: 'begin', component: 'begin' },
          {
            id: 'next',
            component: 'next',
            input: {
              text: '${jobs.begin.output.job}',
              number: '${jobs.begin.output.job as integer}',
              list: '${jobs.begin.output.more as integer[]}',
              sum: '${jobs.begin.output.n + 1}',
              inText: '{"id":${jobs.begin.output.job as integer}}',
              small: '${"7" as integer}',
            },
            output: '${jobs.begin.output.job as integer}',
          },
        ],
        output: { id: '${output}', begin: '${jobs.begin.output}' },
      },
    })
    expect(await hooks.run()).toEqual({ id: ID, begin: { job: ID, more: ['12345678901234567890'], n: ID, exact: ID } })
    expect((await service.received(3)).raw.toString()).toBe(
      `{"text":"${ID}","number":${ID},"list":[12345678901234567890],"sum":7615917337495251232,` +
        `"inText":"{\\"id\\":${ID}}","small":7}`,
    )
  })

  test.each([
    ['application/x-www-form-urlencoded', `id=${ID}&json=%7B%22a%22%3A${ID}%7D`],
    ['application/vnd.api+json', `{"id":${ID},"json":{"a":${ID}}}`],
  ])('is written as digits in %s, headers and params', async (type, expected) => {
    const service = await services.open(() => ({}))
    const { hooks } = await hosts.open({
      component: {
        endpoint: `${service.origin}/x/\${input.id as integer}`,
        method: 'POST',
        headers: { 'content-type': type, 'x-id': '${input.id as integer}' },
        params: { id: '${input.id as integer}' },
        body: { id: '${input.id as integer}', json: { a: '${input.id as integer}' } },
      },
      workflow: { jobs: [{ id: 'a' }] },
    })
    await hooks.run({ id: ID })
    const { url, headers, raw } = await service.received()
    expect([url, headers['x-id'], raw.toString()]).toEqual([`/x/${ID}?id=${ID}`, ID, expected])
  })

  test('in a callback goes on into the next request', async () => {
    const service = await services.open(() => json(`{"task":${ID}}`))
    const { hooks, post } = await hosts.open({
      listener: { path: '/done', identify_by: '${body.task}' },
      component: {
        endpoint: service.origin,
        body: { n: '${input.n as integer | 0}', callback_url: 'http://localhost:8090/done' },
      },
      workflow: { jobs: [{ id: 'a' }, { id: 'b', input: { n: '${jobs.a.output.n}' }, timeout: '1m' }] },
    })
    const waiting = new Promise<readonly string[] | undefined>((resolve) => {
      hooks.on('job', ({ status, ids }) => status === 'waiting' && resolve(ids))
    })
    const output = hooks.run({})
    expect(await waiting).toContain(ID)
    await post('/done').type('json').send(`{"task":${ID},"n":12345678901234567891}`).expect(200)
    const { raw } = await service.received(2)
    expect(raw.toString()).toContain('"n":12345678901234567891,')
    await post('/done').type('json').send(`{"task":${ID},"n":2}`).expect(200)
    expect(await output).toEqual({ task: ID, n: 2 })
  })
})

describe('over a restart', () => {
  test('a number of all digits is sent as it would have been', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'exact-'))
    const service = await services.open(() => ({}))
    const config = parseConfig(`
store: { type: file, path: ${JSON.stringify(folder)} }
listener: { path: /done, identify_by: "\${body.id}" }
components:
  log: { type: logger }
  http: { endpoint: "${service.origin}", body: { id: "\${input}", fixed: 12345678901234567890 } }
workflow:
  jobs:
    - { id: wait, wait_for: 01234 }
    - { id: first, component: log, input: { data: "\${input.id as integer}" }, depends_on: [] }
    - { id: send, component: http, input: "\${jobs.first.output}", depends_on: [wait, first] }
`)
    try {
      const first = await hosts.open(config)
      await first.hooks.open()
      const jobs: string[] = []
      first.hooks.on('job', ({ job, status }) => void jobs.push(`${job} ${status}`))
      const task = await first.hooks.submit({ id: ID })
      await waitUntil(() => jobs.includes('wait waiting') && jobs.includes('first succeeded'))
      const gone = expect(task.result()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
      await first.hooks.close()
      await gone

      const second = await hosts.open(config)
      await second.hooks.open()
      await second.post('/done').send({ id: '01234' }).expect(200)
      const { raw } = await service.received()
      expect(raw.toString()).toBe(`{"id":${ID},"fixed":12345678901234567890}`)
      await waitUntil(() => second.hooks.stats().tasks.succeeded === 1)
      expect(await second.hooks.task(task.id)).toMatchObject({ status: 'succeeded', input: { id: ID } })
      await second.hooks.close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('outside of templates digits are text', () => {
  test('in what the controller tells, in render and in the input of a task', async () => {
    const { hooks, app, origin } = await hosts.open({
      listener: { path: '/go', workflow: 'echo', input: { id: '${body.id as integer}' } },
      workflow: { id: 'echo', jobs: [{ id: 'log', component: 'log', input: { data: '${input.id}' } }] },
      components: { log: { type: 'logger' } },
      controller: {},
    })
    app.use('/api', hooks.controller)
    const answer = await request(origin)
      .post('/api/workflows/runs')
      .type('json')
      .send(`{"input":{"id":${ID}},"output_only":true}`)
    expect([answer.status, answer.text]).toEqual([200, `"${ID}"`])
    const task = await hooks.submit({ id: 12345678901234567890n })
    await task.result()
    expect(JSON.parse(JSON.stringify(await hooks.task(task.id)))).toMatchObject({
      input: { id: '12345678901234567890' },
      output: '12345678901234567890',
    })
    expect(await hooks.render({ n: '${a as integer}', s: '${a}' }, { a: ID })).toEqual({ n: ID, s: ID })
  })
})
