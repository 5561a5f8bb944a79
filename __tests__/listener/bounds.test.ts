import { finished } from 'node:stream/promises'
import { describe, expect, test } from '@jest/globals'
import type { CallbackEvent } from '../../lib'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const done = { path: '/done', identify_by: '${body.id}' }

describe('what is kept of callbacks that nobody waits for is measured', () => {
  test('item by item in a bulk one, however many small ones lie beside a large one', async () => {
    const { hooks, post } = await hosts.open({
      listener: { ...done, bulk: true, identify_by: '${item.id}' },
      store: { park: { max_bytes: '20kb' } },
    })
    const items = [{ id: 'large', text: 'x'.repeat(30_000) }, ...Array.from({ length: 200 }, () => ({ id: 'small' }))]
    const answer = await post('/done').send(items)
    expect([answer.status, answer.text]).toEqual([503, '{"error":"ERR_PARKING_FULL"}'])
    expect(hooks.stats().parked).toBe(1)
  })

  test('with its headers', async () => {
    const { post } = await hosts.open({ listener: done, store: { park: { max_bytes: '4kb' } } })
    const answer = await post('/done').set('x-long', 'x'.repeat(5000)).send({ id: 'a' })
    expect([answer.status, answer.text]).toEqual([503, '{"error":"ERR_PARKING_FULL"}'])
  })

  test.each([
    ['empty objects', {}],
    ['empty lists', []],
    ['lists in lists', [[[]]]],
    ['numbers', 1],
    ['small objects', { a: 1 }],
  ])('as what it takes up in memory, many times its text in a list of %s', async (_what, item) => {
    const { hooks, post } = await hosts.open({ listener: done, store: { park: { max_bytes: '20kb' } } })
    const items = Array.from({ length: 2500 }, () => item)
    const answer = await post('/done').send({ id: 'a', items })
    expect([answer.status, answer.text]).toEqual([503, '{"error":"ERR_PARKING_FULL"}'])
    expect(hooks.stats().parked).toBe(0)
  })
})

test('a result that is too deep to be written rejects the wait, and the sender need not repeat it', async () => {
  const { hooks, post } = await hosts.open({ listener: { ...done, result: 't ${body.x as json}' } })
  const wait = hooks.wait('a')
  const answer = await post('/done').send({ id: 'a', x: `${'['.repeat(5000)}${']'.repeat(5000)}` })
  expect([answer.status, answer.text]).toEqual([200, ''])
  await expect(wait).rejects.toMatchObject({ code: 'ERR_TEMPLATE' })
})

test('a header that cannot be converted is not quoted in the log', async () => {
  const { log, post } = await hosts.open({ listener: { ...done, identify_by: '${header.authorization as integer}' } })
  const answer = await post('/done').set('authorization', 'Bearer s3cret').send({})
  expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_TEMPLATE"}'])
  expect(JSON.stringify(log)).not.toContain('s3cret')
  expect(log).toHaveLength(1)
})

test('a parameterised path that is written with a slash at its end answers with and without it', async () => {
  const { hooks, post } = await hosts.open({ listener: { path: '/done/:id/', identify_by: '${params.id}' } })
  for (const path of ['/done/1', '/done/2/']) expect((await post(path)).status).toBe(200)
  expect(hooks.stats().parked).toBe(2)
})

test('what a platform puts in place of a body counts, though the request says that it has none', async () => {
  const { hooks, post } = await hosts.open({ listener: done }, {}, (app, mounted) => {
    app.use(async (request, _response, next) => {
      await finished(request.resume())
      request.body = { id: 'a' }
      next()
    })
    app.use(mounted)
  })
  const wait = hooks.wait('a')
  expect((await post('/done')).status).toBe(200)
  await expect(wait).resolves.toEqual({ id: 'a' })
})

test('an event about an item of a bulk callback carries that item, whatever became of it', async () => {
  const { hooks, post } = await hosts.open({
    listener: { ...done, bulk: true, identify_by: '${item.id}', status: '${item.s}', success_when: 'ok' },
  })
  const bodies: unknown[] = []
  const keep = ({ body }: CallbackEvent): void => void bodies.push(body)
  hooks.on('parked', keep).on('duplicate', keep).on('pending', keep)
  const items = [
    { id: 'a', s: 'ok' },
    { id: 'a', s: 'ok' },
    { id: 'b', s: 'running' },
  ]
  await post('/done').send(items).expect(200)
  expect(bodies).toEqual(items)
})
