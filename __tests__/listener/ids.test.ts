import { describe, expect, test } from '@jest/globals'
import { eventsOf, namesOf } from '../helpers/events-of'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const byBody = { listener: { path: '/done', identify_by: '${body.id}' } }

describe('ids that are the same', () => {
  test.each<[string | number, unknown]>([
    [7, '7'],
    ['7', 7],
    [0, '0'],
    ['-5', -5],
    [1.5, '1.5'],
    ['true', true],
    ['false', false],
    [9007199254740991, 9007199254740991],
    ['9007199254740993', '9007199254740993'],
    ['ключ 🔑', 'ключ 🔑'],
    ['  ', '  '],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['x'.repeat(1024), 'x'.repeat(1024)],
  ])('a wait for %p is ended by %p', async (waited, sent) => {
    const { hooks, post } = await hosts.open(byBody)
    const wait = hooks.wait(waited)
    expect((await post('/done').send({ id: sent })).status).toBe(200)
    await expect(wait).resolves.toEqual({ id: sent })
  })
})

describe('ids that differ', () => {
  test.each<[string, unknown]>([
    ['a', 'A'],
    ['a', 'a '],
    ['7', '07'],
    ['\u00e9', 'e\u0301'],
  ])('a wait for %p is not ended by %p', async (waited, sent) => {
    const { hooks, post } = await hosts.open(byBody)
    void hooks.wait(waited)
    expect((await post('/done').send({ id: sent })).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ waiting: 1, parked: 1 })
  })
})

describe('a callback without id', () => {
  test.each(['{}', '{"id":null}', '{"id":""}', '[]', '"text"', 'null', '{"other":"__callback__"}'])(
    '%s is acknowledged, settles nobody, and is told',
    async (body) => {
      const { hooks, post, log } = await hosts.open(byBody)
      const events = eventsOf(hooks)
      void hooks.wait('__callback__')
      const answer = await post('/done').type('json').send(body)
      expect([answer.status, answer.text]).toEqual([200, ''])
      expect(namesOf(events)).toEqual(['received', 'unidentified'])
      expect(events[1]?.event).toMatchObject({ endpoint: 'POST /done', body: JSON.parse(body) })
      expect(hooks.stats()).toMatchObject({ waiting: 1, parked: 0, unidentified: 1 })
      expect(log.filter(({ level }) => level === 'warn')).toEqual([
        expect.objectContaining({ message: expect.stringContaining('"${body.id}"') }),
      ])
    },
  )

  test('is warned of once, not for every request', async () => {
    const { hooks, post, log } = await hosts.open(byBody)
    for (let count = 0; count < 3; count += 1) await post('/done').send({})
    expect(log.filter(({ level }) => level === 'warn')).toHaveLength(1)
    expect(hooks.stats().unidentified).toBe(3)
  })
})

describe('what cannot be an id', () => {
  const long = (length: number): string => JSON.stringify({ id: 'x'.repeat(length) })

  test.each(
    [
      '{"id":[]}',
      '{"id":["a"]}',
      '{"id":{}}',
      '{"id":12345678901234567890.5}',
      '{"id":1e21}',
      '{"id":1e999}',
      '{"id":-1e999}',
      long(1025),
      long(65_536),
    ].map((body) => ({ body, shown: body.slice(0, 40) })),
  )('$shown is refused and nothing is kept', async ({ body }) => {
    const { hooks, post } = await hosts.open(byBody)
    const events = eventsOf(hooks)
    const answer = await post('/done').type('json').send(body)
    expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_ID"}'])
    expect(namesOf(events)).toEqual(['received', 'rejected'])
    expect(hooks.stats()).toMatchObject({ parked: 0, rejected: 1 })
    const wait = hooks.wait('good')
    await post('/done').send({ id: 'good' })
    await expect(wait).resolves.toEqual({ id: 'good' })
  })

  test('a query parameter that comes twice is a list', async () => {
    const { hooks, post } = await hosts.open({ listener: { path: '/done', identify_by: '${query.id}' } })
    void hooks.wait(['1', '2', '1,2'])
    const answer = await post('/done?id=1&id=2')
    expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_ID"}'])
    expect(hooks.stats()).toMatchObject({ waiting: 1, parked: 0 })
  })
})

describe('where an id may stand', () => {
  test.each([
    { identify_by: '${header.X-Task-Id}', path: '/done', headers: { 'x-TASK-id': 'a' }, body: {} },
    { identify_by: '${header["x-task-id"]}', path: '/done', headers: { 'X-Task-Id': 'a' }, body: {} },
    { identify_by: '${query.id}', path: '/done?id=a', headers: {}, body: {} },
    { identify_by: '${query["task[id]"]}', path: '/done?task%5Bid%5D=a', headers: {}, body: {} },
    { identify_by: '${body.jobs[-1].id}', path: '/done', headers: {}, body: { jobs: [{ id: 'z' }, { id: 'a' }] } },
    { identify_by: '${body["task id"]}', path: '/done', headers: {}, body: { 'task id': 'a' } },
    { identify_by: '${body..taskId}', path: '/done', headers: {}, body: { x: [{ taskId: 'a' }, { taskId: 'b' }] } },
    { identify_by: '${body.id | ${body.task | ${query.t}}}', path: '/done?t=a', headers: {}, body: { id: null } },
    { identify_by: '${body.kind}-${body.n}', path: '/done', headers: {}, body: { kind: 'x', n: 1 }, id: 'x-1' },
    { identify_by: '${body.n as string}', path: '/done', headers: {}, body: { n: 5 }, id: '5' },
    { identify_by: '${body}', path: '/done', headers: { 'content-type': 'text/plain' }, body: 'a' },
    { identify_by: 'fixed', path: '/done', headers: {}, body: {}, id: 'fixed' },
    { identify_by: '${method}:${path}', path: '/done/?x=1', headers: {}, body: {}, id: 'POST:/done/' },
  ])('$identify_by', async ({ identify_by, path, headers, body, id = 'a' }) => {
    const { hooks, post } = await hosts.open({ listener: { path: '/done', identify_by } })
    const wait = hooks.wait(id)
    expect((await post(path).set(headers).send(body)).status).toBe(200)
    await expect(wait).resolves.toEqual(body)
  })

  test.each([
    '${body.constructor.name}',
    '${body.__proto__.constructor.name}',
    '${body.id.length}',
    '${header.constructor}',
  ])('%s reads nothing that the request did not send', async (identify_by) => {
    const { hooks, post } = await hosts.open({ listener: { path: '/done', identify_by } })
    expect((await post('/done').send({ id: 'abc' })).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ unidentified: 1, parked: 0 })
  })
})
