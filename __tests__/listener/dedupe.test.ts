import { expect, test } from '@jest/globals'
import type { Test } from 'supertest'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const listener = {
  path: '/hook',
  identify_by: '${body.id}',
  result: '${body.v}',
  dedupe_by: '${header.X-Delivery}',
}

function deliver({ post }: Host, delivery: string, body: object): Test {
  return post('/hook').set('X-Delivery', delivery).send(body)
}

test('a delivery that is repeated does not end a new wait for its id', async () => {
  const host = await hosts.open({ listener })
  const first = host.hooks.wait('a')
  await deliver(host, 'd-1', { id: 'a', v: 1 })
  const second = host.hooks.wait('a')
  expect((await deliver(host, 'd-1', { id: 'a', v: 1 })).status).toBe(200)
  expect(host.hooks.stats()).toMatchObject({ waiting: 1, duplicate: 1 })
  await deliver(host, 'd-2', { id: 'a', v: 2 })
  await expect(Promise.all([first, second])).resolves.toEqual([1, 2])
})

test('without ids it is what tells a repetition', async () => {
  const host = await hosts.open({ listener: { path: '/hook', result: '${body.v}', dedupe_by: '${header.X-Delivery}' } })
  for (const [delivery, v] of [
    ['d-1', 1],
    ['d-1', 1],
    ['d-2', 2],
  ] as const)
    await deliver(host, delivery, { v })
  expect(host.hooks.stats()).toMatchObject({ parked: 2, duplicate: 1 })
  await expect(Promise.all([host.hooks.wait('x'), host.hooks.wait('y')])).resolves.toEqual([1, 2])
})

test('a delivery counts only once it was handed over', async () => {
  const host = await hosts.open({ listener, store: { park: { max: 0 } } })
  expect((await deliver(host, 'd-1', { id: 'a', v: 1 })).status).toBe(503)
  const wait = host.hooks.wait('a')
  expect((await deliver(host, 'd-1', { id: 'a', v: 1 })).status).toBe(200)
  await expect(wait).resolves.toBe(1)
})

test('the items of one bulk delivery are told apart, and all of them are known when it is repeated', async () => {
  const host = await hosts.open({
    listener: { path: '/hook', bulk: true, result: '${item}', dedupe_by: '${header.X-Delivery}' },
  })
  for (let count = 0; count < 2; count += 1) await deliver(host, 'd-1', ['x', 'x', 'y'])
  expect(host.hooks.stats()).toMatchObject({ parked: 3, duplicate: 3 })
})

test('a pending callback does not make its delivery a repetition', async () => {
  const host = await hosts.open({ listener: { ...listener, status: '${body.s}', success_when: 'ok' } })
  const wait = host.hooks.wait('a')
  await deliver(host, 'task-a', { id: 'a', s: 'running' })
  await deliver(host, 'task-a', { id: 'a', s: 'ok', v: 1 })
  await expect(wait).resolves.toBe(1)
})

test('is forgotten after a day', async () => {
  const host = await hosts.open({ listener })
  void host.hooks.wait('a')
  await deliver(host, 'd-1', { id: 'a', v: 1 })
  host.clock.advance(25 * 3_600_000)
  const wait = host.hooks.wait('a')
  await deliver(host, 'd-1', { id: 'a', v: 2 })
  await expect(wait).resolves.toBe(2)
})

test('where it finds nothing, nothing is a repetition', async () => {
  const host = await hosts.open({ listener: { path: '/hook', result: '${body.v}', dedupe_by: '${header.X-Delivery}' } })
  for (const v of [1, 1]) await host.post('/hook').send({ v })
  expect(host.hooks.stats()).toMatchObject({ parked: 2, duplicate: 0 })
})

test('the same key at another endpoint is another delivery', async () => {
  const host = await hosts.open({
    listener: { callbacks: [listener, { ...listener, path: '/other' }] },
  })
  await deliver(host, 'd-1', { id: 'a', v: 1 })
  await host.post('/other').set('X-Delivery', 'd-1').send({ id: 'a', v: 2 })
  expect(host.hooks.stats()).toMatchObject({ parked: 2, duplicate: 0 })
})
