import { describe, expect, test } from '@jest/globals'
import { DONE, DRAW, drawing, useFlows } from './use-flows'

const flows = useFlows()
const ANSWER = { body: { id: 'task-7', state: 'final', nested: { id: 8, more: [9, 10] } } }

describe('completion: none', () => {
  test.each([['none'], [{ type: 'none' }]] as const)('does not wait: %j', async (completion) => {
    const { hooks } = await flows.open(drawing({ completion }), () => ANSWER)
    await expect(hooks.run()).resolves.toEqual(ANSWER.body)
    expect(hooks.stats().waiting).toBe(0)
  })
})

describe('wait_for', () => {
  test.each([
    ['an id of the input', '${input.order}', ['order-1']],
    ['a number', '${input.number}', ['42']],
    ['an id of the answer', '${response.nested.id}', ['8']],
    ['ids of the answer', '${response.nested.more}', ['9', '10']],
    ['ids of both', ['${input.order}', '${response.id}'], ['order-1', 'task-7']],
    ['ids that are equal', ['${input.number}', '${input.number}'], ['42']],
  ])('names %s', async (_, wait_for, expected) => {
    const config = drawing({ body: {}, completion: { type: 'callback', wait_for } })
    const { hooks, told, callback } = await flows.open(config, () => ANSWER)
    for (const id of expected) {
      const count = expected.indexOf(id) + 1
      const output = hooks.run({ order: 'order-1', number: 42 })
      const { ids = [] } = await told('draw', 'waiting', count)
      expect(ids).toEqual(expect.arrayContaining(expected))
      await callback({ id, status: 'ok', value: id })
      await expect(output).resolves.toBe(id)
    }
  })

  test('of the answer is there too when the callback came before it', async () => {
    const config = drawing({ body: {}, completion: { wait_for: '${response.id}' } })
    const { hooks } = await flows.open(config, async (_, { callback }) => {
      await callback({ id: 'task-7', status: 'ok', value: 1 })
      return ANSWER
    })
    await expect(hooks.run()).resolves.toBe(1)
  })

  test.each([
    ['is not there', '${response.missing}', /it is empty/],
    ['is an empty list', '${response.none}', /the list is empty/],
    ['is a mapping', '${response.nested}', /an id is a text or a number, not a object/],
  ])('that %s fails the job, and leaves nothing', async (_, wait_for, reason) => {
    const config = drawing({ body: {}, completion: { wait_for } })
    const { hooks } = await flows.open(config, () => ({ body: { ...ANSWER.body, none: [] } }))
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_WAIT_ID', message: expect.stringMatching(reason) })
    expect(hooks.stats().waiting).toBe(0)
  })

  test('that the request has wrong fails the job before anything is sent', async () => {
    const { hooks, service } = await flows.open(drawing({ completion: { wait_for: '${input.missing}' } }))
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_WAIT_ID' })
    expect(service.requests).toEqual([])
  })
})

describe('completion: callback', () => {
  const callbacks = [
    { ...DONE, path: '/one' },
    { ...DONE, path: '/two' },
  ]
  const sent = { id: '${context.run_id}' }

  test('waits on any endpoint, though the request tells no URL', async () => {
    for (const path of ['/one', '/two']) {
      const config = { ...drawing({ body: sent, completion: 'callback' }), listener: { callbacks } }
      const { hooks, told, callback } = await flows.open(config)
      const output = hooks.run()
      const { ids = [] } = await told('draw', 'waiting')
      await callback({ id: ids[0], status: 'ok', value: path }, path)
      await expect(output).resolves.toBe(path)
    }
  })

  test.each(['/two', 'two', '${input.path}', '/hooks/two'])('with the path %s waits on that endpoint', async (path) => {
    const config = {
      ...drawing({ body: sent, completion: { path } }),
      listener: { base_path: 'hooks', callbacks: callbacks.map((one) => ({ ...one, workflow: false as const })) },
    }
    const { hooks, told, callback } = await flows.open(config)
    const output = hooks.run({ path: '/two' })
    const { ids = [] } = await told('draw', 'waiting')
    await callback({ id: ids[0], status: 'ok', value: 1 }, '/hooks/one')
    expect(hooks.stats()).toMatchObject({ waiting: 1, parked: 1 })
    await callback({ id: ids[0], status: 'ok', value: 2 }, '/hooks/two')
    await expect(output).resolves.toBe(2)
  })

  test('with a path that no endpoint has fails the job before anything is sent', async () => {
    const config = {
      ...drawing({ body: sent, completion: { path: '${input.nowhere | "/three"}' } }),
      listener: { callbacks },
    }
    const { hooks, service } = await flows.open(config)
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_ENDPOINT_UNKNOWN' })
    expect(service.requests).toEqual([])
  })

  test('without any endpoint fails the job', async () => {
    const { component, workflow } = drawing({ completion: 'callback' })
    const { hooks } = await flows.open({ component, workflow })
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_ENDPOINT_UNKNOWN' })
  })
})

describe('done_when', () => {
  const completion = { type: 'callback', done_when: '${response.done}' } as const

  test.each([true, 'true'])('ends the wait with the answer when it is %j', async (done) => {
    const { hooks } = await flows.open(drawing({ completion }), () => ({ body: { done, url: 'cat.png' } }))
    await expect(hooks.run()).resolves.toEqual({ done, url: 'cat.png' })
    expect(hooks.stats().waiting).toBe(0)
  })

  test.each([false, 'false', null, 1, 'yes'])('waits on when it is %j', async (done) => {
    const { hooks, told, callback } = await flows.open(drawing({ completion }), () => ({ body: { done } }))
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    await callback({ id: ids[0], status: 'ok', value: 'waited' })
    await expect(output).resolves.toBe('waited')
  })

  test('makes a callback that comes all the same a duplicate', async () => {
    const { hooks, service, callback } = await flows.open(drawing({ completion }), () => ({ body: { done: true } }))
    await hooks.run()
    const { id } = (await service.received()).body as { readonly id: string }
    expect(await callback({ id, status: 'ok', value: 'too late' })).toBe(200)
    expect(hooks.stats()).toMatchObject({ duplicate: 1, parked: 0 })
  })

  test('can compare nothing, but read a default', async () => {
    const config = drawing({ ...DRAW, completion: { done_when: '${response.done | true}' } })
    const { hooks } = await flows.open(config, () => ({ body: {} }))
    await expect(hooks.run()).resolves.toEqual({})
  })
})
