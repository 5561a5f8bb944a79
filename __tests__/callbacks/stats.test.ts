import { expect, test } from '@jest/globals'
import request from 'supertest'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const zero = {
  waiting: 0,
  parked: 0,
  received: 0,
  settled: 0,
  failed: 0,
  pending: 0,
  duplicate: 0,
  filtered: 0,
  unidentified: 0,
  rejected: 0,
  expired: 0,
  started: 0,
}
const rules = { identify_by: '${body.id}', status: '${body.s}', success_when: 'ok', fail_when: 'bad' }
const config = {
  listener: {
    base_path: '/in',
    callbacks: [
      { path: '/x', ...rules },
      { path: '/y', ...rules },
    ],
  },
}

const noTasks = { running: 0, succeeded: 0, failed: 0, cancelled: 0 }

test('are zero at first, for each endpoint too', () => {
  const { hooks } = hosts.start(config)
  expect(hooks.stats()).toEqual({ ...zero, tasks: noTasks, endpoints: { 'POST /in/x': zero, 'POST /in/y': zero } })
})

test('count everything, in all and for each endpoint', async () => {
  const { hooks, post, clock } = await hosts.open(config)
  void hooks.wait('gone', { path: '/x', timeout: 5 })
  clock.advance(100)
  const waits = ['a', 'b', 'c'].map((id) => hooks.wait(id, { path: '/x' }))
  void hooks.wait('d')
  for (const body of [
    { id: 'a', s: 'ok' },
    { id: 'a', s: 'ok' },
    { id: 'b', s: 'bad' },
    { id: 'c', s: 'run' },
  ]) {
    await post('/in/x').send(body)
  }
  for (const body of [{ id: 'a', s: 'ok' }, {}, { id: [] }]) await post('/in/y').send(body)
  await post('/in/y').type('json').send('{')
  await waits[0]
  const x = { ...zero, waiting: 2, received: 4, settled: 1, failed: 1, pending: 1, duplicate: 1, expired: 1 }
  const y = { ...zero, waiting: 1, parked: 1, received: 3, unidentified: 1, rejected: 2 }
  expect(hooks.stats()).toEqual({
    tasks: noTasks,
    waiting: 2,
    parked: 1,
    received: 7,
    settled: 1,
    failed: 1,
    pending: 1,
    duplicate: 1,
    filtered: 0,
    unidentified: 1,
    rejected: 2,
    expired: 1,
    started: 0,
    endpoints: { 'POST /in/x': x, 'POST /in/y': y },
  })
  await expect(waits[1]).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED' })
})

test('count a wait over several endpoints once, also when its time is over', () => {
  const { hooks, clock } = hosts.start(config)
  void hooks.wait('a', { timeout: 5 })
  expect(hooks.stats().waiting).toBe(1)
  clock.advance(100)
  expect(hooks.stats()).toMatchObject({ waiting: 0, expired: 1 })
})

test('count a request once where two ports have the same path', async () => {
  const { hooks } = hosts.start({
    listeners: [
      { port: 8090, path: '/done', identify_by: '${body.id}' },
      { port: 8091, path: '/done', identify_by: '${body.id}' },
    ],
  })
  const origin = await hosts.serve(hooks)
  await request(origin).post('/done').send({ id: 'a' })
  expect(hooks.stats()).toMatchObject({ received: 1, parked: 1 })
})
