import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { DONE, DRAW, drawing, useFlows } from './use-flows'

const flows = useFlows()

describe('the endpoint', () => {
  const two: CallbacksConfig = {
    ...drawing({ body: { id: '${context.run_id}', callback_url: 'http://localhost:8090/one' } }),
    listener: {
      callbacks: [
        { ...DONE, path: '/one' },
        { ...DONE, path: '/two', workflow: false },
      ],
    },
  }

  test('whose URL was not sent does not end the wait', async () => {
    const { hooks, told, callback } = await flows.open(two)
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    expect(await callback({ id: ids[0], status: 'ok', value: 2 }, '/two')).toBe(200)
    expect(hooks.stats()).toMatchObject({ waiting: 1, settled: 0, parked: 1 })
    await callback({ id: ids[0], status: 'ok', value: 1 }, '/one')
    await expect(output).resolves.toBe(1)
  })

  test.each(['/one', '/two'])('that is called first wins, of several whose URLs were sent: %s', async (path) => {
    const urls = { ok: 'http://localhost:8090/one', bad: 'http://localhost:8090/two' }
    const config = { ...two, component: { ...DRAW, body: { id: '${context.run_id}', urls } } }
    const { hooks, told, callback } = await flows.open(config)
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    await callback({ id: ids[0], status: 'ok', value: path }, path)
    await expect(output).resolves.toBe(path)
    expect(hooks.stats()).toMatchObject({ waiting: 0, settled: 1 })
    const other = path === '/one' ? '/two' : '/one'
    expect(await callback({ id: ids[0], status: 'ok', value: other }, other)).toBe(200)
    expect(hooks.stats()).toMatchObject({ duplicate: 1, parked: 0 })
  })

  test('of another method or case in the URL is the same', async () => {
    const config = {
      ...drawing({ body: { id: '${context.run_id}', url: 'http://localhost:8090/DONE/?a=b#c' } }),
      listener: { ...DONE, method: 'PUT' },
    }
    const { hooks, told } = await flows.open(config)
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    await hooks.settle(ids[0] ?? '', 1)
    await expect(output).resolves.toBe(1)
  })

  test('that is bulk ends the waits of many runs with one request', async () => {
    const config = {
      ...drawing(),
      listener: { ...DONE, bulk: true, identify_by: '${item.id}', status: '${item.status}', result: '${item.value}' },
    }
    const { hooks, told, callback } = await flows.open(config, ({ body }) => ({
      body: { id: `own-${Object(body).prompt}` },
    }))
    const outputs = [1, 2, 3].map((prompt) => hooks.run({ prompt }))
    await told('draw', 'waiting', 3)
    const items = [3, 1, 2].map((prompt) => ({ id: `own-${prompt}`, status: 'ok', value: prompt * 10 }))
    expect(await callback(items)).toBe(200)
    await expect(Promise.all(outputs)).resolves.toEqual([10, 20, 30])
  })

  test('without identify_by serves the runs first in, first out', async () => {
    const config = { ...drawing(), listener: { path: '/done', result: '${body.value}' } }
    const { hooks, told, callback } = await flows.open(config)
    const outputs: Promise<unknown>[] = []
    for (const count of [1, 2, 3]) {
      outputs.push(hooks.run())
      await told('draw', 'waiting', count)
    }
    for (const value of ['first', 'second', 'third']) await callback({ value })
    await expect(Promise.all(outputs)).resolves.toEqual(['first', 'second', 'third'])
    expect(hooks.stats()).toMatchObject({ waiting: 0, settled: 3, parked: 0 })
  })

  test('without identify_by does not serve a run that has ended', async () => {
    const config = { ...drawing({ timeout: '4s' }), listener: { path: '/done', result: '${body.value}' } }
    const { hooks, told, callback, clock } = await flows.open(config)
    const first = hooks.run()
    await told('draw', 'waiting', 1)
    clock.advance(2000)
    const second = hooks.run()
    await told('draw', 'waiting', 2)
    clock.advance(2016)
    await expect(first).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    await callback({ value: 2 })
    await expect(second).resolves.toBe(2)
  })
})

describe('a wait by hand and a run for the same id', () => {
  test('both get the result', async () => {
    const { hooks, told, callback } = await flows.open(drawing())
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    const byHand = hooks.wait(ids[0] ?? '')
    await callback({ id: ids[0], status: 'ok', value: 1 })
    await expect(Promise.all([output, byHand])).resolves.toEqual([1, 1])
  })
})
