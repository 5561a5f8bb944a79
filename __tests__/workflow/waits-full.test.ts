import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import type { CallbacksConfig } from '../../lib'
import { eventsOf, namesOf } from '../helpers/events-of'
import { DONE, DRAW, until, useFlows } from './use-flows'

const flows = useFlows()
const trigger = { type: 'http-trigger', path: '/go' } as const
const holding = { jobs: [{ id: 'hold', wait_for: { id: '${input.id}', path: '/done' } }] } as const

describe('while as many wait as may', () => {
  test('an event is refused, starts nothing, and is none the worse when it comes again', async () => {
    const { hooks, post } = await flows.open({
      listeners: [DONE, { path: '/event', identify_by: '${body.id}', workflow: 'hold' }],
      workflows: { hold: holding },
      store: { max_waits: 1 },
    })
    const other = hooks.wait('other', { path: '/done' })
    const events = eventsOf(hooks)
    const refused = await post('/event').send({ id: 'a' })
    expect([refused.status, refused.body, refused.headers['retry-after']]).toEqual([
      503,
      { error: 'ERR_WAITS_FULL' },
      '5',
    ])
    expect(namesOf(events)).toEqual(['received', 'rejected'])
    expect(hooks.stats()).toMatchObject({ started: 0, parked: 0, tasks: { running: 0 } })
    await hooks.settle('other', 1, { path: '/done' })
    await other
    expect((await post('/event').send({ id: 'a' })).status).toBe(200)
    expect((await post('/event').send({ id: 'a' })).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ started: 1, duplicate: 1, tasks: { running: 1 } })
  })

  test('a callback that somebody waits for is taken, and so is an early one', async () => {
    const { hooks, callback } = await flows.open({ listener: DONE, store: { max_waits: 1 } })
    const wait = hooks.wait('a')
    expect(await callback({ id: 'b', status: 'ok', value: 2 })).toBe(200)
    expect(await callback({ id: 'a', status: 'ok', value: 1 })).toBe(200)
    await expect(wait).resolves.toBe(1)
    await expect(hooks.wait('b')).resolves.toBe(2)
  })

  test.each<[string, CallbacksConfig]>([
    ['only logs', { workflow: { jobs: [{ component: 'logger' }] } }],
    ['sends and does not wait', { component: { ...DRAW, completion: 'none' }, workflow: { jobs: [{ id: 'draw' }] } }],
  ])('a workflow that %s is started all the same', async (_name, config) => {
    const { hooks, post } = await flows.open({ ...config, listeners: [DONE, trigger], store: { max_waits: 1 } })
    const other = hooks.wait('other').catch(() => undefined)
    expect((await post('/go').send({ id: 'a' })).status).toBe(200)
    await until(() => hooks.stats().tasks.succeeded === 1, 'the task has succeeded')
    await hooks.close()
    await other
  })

  test('a run of the app is started, and fails where it would wait', async () => {
    const { hooks } = await flows.open({ listener: DONE, workflow: holding, store: { max_waits: 1 } })
    const other = hooks.wait('other').catch(() => undefined)
    await expect(hooks.run({ id: 'a' })).rejects.toMatchObject({ code: 'ERR_WAITS_FULL' })
    await hooks.close()
    await other
  })
})

describe('what one request starts', () => {
  test('never becomes more than can wait: the rest is refused before it has begun', async () => {
    const { hooks, post, told } = await flows.open({
      listeners: [DONE, { ...trigger, bulk: true }],
      workflow: holding,
      store: { max_waits: 3 },
    })
    const items = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id }))
    const refused = await post('/go').send(items)
    expect([refused.status, refused.body]).toEqual([503, { error: 'ERR_WAITS_FULL' }])
    await told('hold', 'waiting', 3)
    expect(hooks.stats()).toMatchObject({ waiting: 3, started: 3, tasks: { running: 3, failed: 0 } })
    await hooks.settle('a', 1, { path: '/done' })
    await until(() => hooks.stats().tasks.running === 2, 'one has ended')
    expect((await post('/go').send([{ id: 'd' }])).status).toBe(200)
    await told('hold', 'waiting', 4)
    expect(hooks.stats()).toMatchObject({ waiting: 3, tasks: { failed: 0 } })
  })

  test('holds no room once it has ended without a wait', async () => {
    const { hooks, origin } = await flows.open({
      listeners: [DONE, { ...trigger, bulk: true }],
      workflow: { jobs: [{ wait_for: { id: '${input.none}', path: '/done' } }] },
      store: { max_waits: 2 },
    })
    for (let count = 1; count <= 4; count += 1) {
      expect((await request(origin).post('/go').send([{}])).status).toBe(200)
      await until(() => hooks.stats().tasks.failed === count, 'the task has failed')
    }
  })
})
