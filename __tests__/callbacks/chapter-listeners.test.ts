import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { parseConfig } from '../../lib'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

describe('one callback with lists of status values', () => {
  const config = parseConfig(`
listener:
  type: http-callback
  host: 0.0.0.0
  port: 8090
  path: /render/finished
  method: POST
  identify_by: \${body.ticket}
  status: \${body.state}
  success_when: [ready, "done"]
  fail_when:
    - broken
  result: \${body.picture}
`)

  test.each(['ready', 'done'])('resolves with the result when the status is %s', async (state) => {
    const { hooks, post } = await hosts.open(config)
    const wait = hooks.wait('t-1')
    const answer = await post('/render/finished').send({ ticket: 't-1', state, picture: { url: 'p.png' } })
    expect([answer.status, answer.text]).toEqual([200, ''])
    await expect(wait).resolves.toEqual({ url: 'p.png' })
  })

  test('rejects with all there is when the status means failure', async () => {
    const { hooks, post } = await hosts.open(config)
    const wait = hooks.wait('t-1')
    const body = { ticket: 't-1', state: 'broken', picture: null }
    expect((await post('/render/finished').send(body)).status).toBe(200)
    await expect(wait).rejects.toMatchObject({
      code: 'ERR_CALLBACK_FAILED',
      status: 'broken',
      result: null,
      body,
      id: 't-1',
      endpoint: 'POST /render/finished',
    })
  })

  test.each([{ state: 'queued' }, { state: 'READY' }, {}])('goes on waiting after the status %j', async (status) => {
    const { hooks, post } = await hosts.open(config)
    const wait = hooks.wait('t-1')
    expect((await post('/render/finished').send({ ticket: 't-1', ...status })).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ waiting: 1, pending: 1, parked: 0 })
    await post('/render/finished').send({ ticket: 't-1', state: 'done', picture: 'last' })
    await expect(wait).resolves.toBe('last')
  })
})

test('serves several callbacks below one base path, each by its own rules', async () => {
  const { hooks, origin, post } = await hosts.open(
    parseConfig(`
listener:
  base_path: /hooks/
  callbacks:
    - { path: /picture/done, identify_by: "\${body.request}", status: "\${body.status}", success_when: [ok], fail_when: [bad], result: "\${body.url}" }
    - { path: film/done, method: put, identify_by: "\${body.task}", status: "\${body.state}", success_when: [ok], fail_when: [bad, late], result: "\${body.out}" }
    - { path: /any, identify_by: "\${body.id}", result: "\${body.data}" }
`),
  )
  const picture = hooks.wait('1', { path: '/picture/done' })
  const film = hooks.wait('1', { path: '/hooks/film/done' })
  const any = hooks.wait('1', { path: 'any' })
  await post('/hooks/any').send({ id: 1, data: [1, 2] })
  await expect(any).resolves.toEqual([1, 2])
  await post('/hooks/picture/done').send({ request: '1', status: 'ok', url: 'p.png' })
  await expect(picture).resolves.toBe('p.png')
  expect((await post('/hooks/film/done').send({ task: '1', state: 'late' })).status).toBe(404)
  expect(hooks.stats().waiting).toBe(1)
  await request(origin).put('/hooks/film/done').send({ task: '1', state: 'late', out: null })
  await expect(film).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', status: 'late' })
})

test('hands each item of a bulk callback to its own wait', async () => {
  const { hooks, post } = await hosts.open(
    parseConfig(`
listener:
  path: /batch
  bulk: true
  item: \${body.results}
  identify_by: \${item.task}
  status: \${item.state}
  success_when: ["completed"]
  result: \${item.data}
`),
  )
  const [one, two, three] = [hooks.wait('one'), hooks.wait('two'), hooks.wait('three')]
  const results = [
    { task: 'one', state: 'completed', data: { url: '1.png' } },
    { task: 'two', state: 'completed', data: { url: '2.png' } },
    { task: 'three', state: 'running' },
  ]
  const answer = await post('/batch').send({ results })
  expect([answer.status, answer.text]).toEqual([200, ''])
  await expect(one).resolves.toEqual({ url: '1.png' })
  await expect(two).resolves.toEqual({ url: '2.png' })
  expect(hooks.stats()).toMatchObject({ waiting: 1, pending: 1, settled: 2 })
  await hooks.close()
  await expect(three).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})

describe('mapping fields', () => {
  const body = { id: 5, output: { url: 'o.png', width: 640, sizes: [1, 2] }, ms: { work: 30, queue: '12' } }

  test.each([
    { what: 'one nested field', result: '${body.output.url}', expected: 'o.png' },
    {
      what: 'a mapping, with null for what is missing',
      result: { url: '${body.output.url}', wide: '${body.output.width}', high: '${body.output.height}' },
      expected: { url: 'o.png', wide: 640, high: null },
    },
    {
      what: 'lists, literals, arithmetic and text around placeholders',
      result: ['${body.output.sizes}', 7, true, '${body.ms.work + body.ms.queue}', 'task ${body.id}!'],
      expected: [[1, 2], 7, true, 42, 'task 5!'],
    },
    {
      what: 'the whole body beside a part',
      result: { all: '${body}', id: '${body.id}' },
      expected: { all: body, id: 5 },
    },
    { what: 'the body where nothing is said', result: undefined, expected: body },
  ])('gives $what', async ({ result, expected }) => {
    const { hooks, post } = await hosts.open({
      listener: { path: '/hook', identify_by: '${body.id}', ...(result === undefined ? {} : { result }) },
    })
    const wait = hooks.wait(5)
    await post('/hook').send(body)
    await expect(wait).resolves.toEqual(expected)
  })

  test('leaves text of a request that looks like a template as it is', async () => {
    const { hooks, post } = await hosts.open({
      listener: { path: '/hook', identify_by: '${body.id}', result: '<${body.text}>' },
    })
    const wait = hooks.wait('${env.PATH}')
    await post('/hook').send({ id: '${env.PATH}', text: '${env.PATH}' })
    await expect(wait).resolves.toBe('<${env.PATH}>')
  })

  test('identifies by the query', async () => {
    const { hooks, post } = await hosts.open({
      listener: { path: '/hook', identify_by: '${query.task_id}', result: '${body}' },
    })
    const wait = hooks.wait('task 123')
    await post('/hook?x=1&task_id=task%20123').send({ status: 'completed' })
    await expect(wait).resolves.toEqual({ status: 'completed' })
  })
})
