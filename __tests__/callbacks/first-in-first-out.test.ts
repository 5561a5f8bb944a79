import { expect, test } from '@jest/globals'
import request from 'supertest'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const config = { listener: { path: '/callback', result: '${body.n}' } }

test('one callback ends the oldest wait', async () => {
  const { hooks, post } = await hosts.open(config)
  const waits = ['x', 'y', 'z'].map((id) => hooks.wait(id))
  for (const n of [1, 2, 3]) expect((await post('/callback').send({ n })).status).toBe(200)
  await expect(Promise.all(waits)).resolves.toEqual([1, 2, 3])
})

test('callbacks that come early are kept in their order, equal ones too, and nothing is a duplicate', async () => {
  const { hooks, post } = await hosts.open(config)
  for (const n of [1, 1, 2]) await post('/callback').send({ n })
  expect(hooks.stats()).toMatchObject({ parked: 3, duplicate: 0 })
  const waits = ['x', 'y', 'z'].map((id) => hooks.wait(id))
  await expect(Promise.all(waits)).resolves.toEqual([1, 1, 2])
  await post('/callback').send({ n: 2 })
  expect(hooks.stats()).toMatchObject({ parked: 1, duplicate: 0 })
})

test('a wait that was aborted has lost its place', async () => {
  const { hooks, post } = await hosts.open(config)
  const controller = new AbortController()
  const gone = hooks.wait('x', { signal: controller.signal })
  const next = hooks.wait('y')
  controller.abort()
  await post('/callback').send({ n: 1 })
  await expect(next).resolves.toBe(1)
  await expect(gone).rejects.toMatchObject({ code: 'ERR_ABORTED' })
})

test('a ticket takes no place in the queue and is ended by its own id alone', async () => {
  const { hooks, post } = await hosts.open(config)
  const ticket = hooks.ticket()
  const wait = hooks.wait('x')
  await post('/callback').send({ n: 1 })
  await expect(wait).resolves.toBe(1)
  const { pathname, search } = new URL(ticket.url)
  await post(pathname + search).send({ n: 2 })
  await expect(ticket.result).resolves.toBe(2)
})

test('only the oldest hears of pending callbacks', async () => {
  const { hooks, post } = await hosts.open({
    listener: { path: '/callback', status: '${body.s}', success_when: 'ok', result: '${body.n}' },
  })
  const heard: string[] = []
  const waits = ['x', 'y'].map((id) =>
    hooks.wait(id, { onProgress: ({ status }) => void heard.push(`${id} ${status}`) }),
  )
  await post('/callback').send({ s: 'a' })
  await post('/callback').send({ s: 'ok', n: 1 })
  await post('/callback').send({ s: 'b' })
  await post('/callback').send({ s: 'ok', n: 2 })
  await expect(Promise.all(waits)).resolves.toEqual([1, 2])
  expect(heard).toEqual(['x a', 'y b'])
})

test('a bulk callback without ids serves the oldest waits in order', async () => {
  const { hooks, post } = await hosts.open({ listener: { path: '/callback', bulk: true, result: '${item}' } })
  const waits = ['x', 'y'].map((id) => hooks.wait(id))
  await post('/callback').send(['first', 'second', 'third'])
  await expect(Promise.all(waits)).resolves.toEqual(['first', 'second'])
  await expect(hooks.wait('z')).resolves.toBe('third')
})

test('a wait over endpoints with and without ids is ended by either', async () => {
  const { hooks, origin } = await hosts.open({
    listener: { callbacks: [{ path: '/plain' }, { path: '/named', identify_by: '${body.id}' }] },
  })
  const [first, second] = [hooks.wait('a'), hooks.wait('b')]
  await request(origin).post('/named').send({ id: 'b' })
  await request(origin).post('/plain').send('x=1')
  await expect(second).resolves.toEqual({ id: 'b' })
  await expect(first).resolves.toEqual({ x: '1' })
})
