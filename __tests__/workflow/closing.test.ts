import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { drawing, finish, useFlows } from './use-flows'

const flows = useFlows()

/** Two jobs that wait one after the other. */
const two: CallbacksConfig = { ...drawing(), workflow: { id: 'paint', jobs: [{ id: 'draw' }, { id: 'frame' }] } }

describe('close()', () => {
  test('rejects what runs and leaves nothing', async () => {
    const flow = await flows.open(two)
    const outputs = [flow.hooks.run(), flow.hooks.run()]
    await flow.told('draw', 'waiting', 2)
    const task = await flow.hooks.submit()
    await flow.service.received(3)
    await flow.hooks.close()
    for (const output of [...outputs, task.result()]) await expect(output).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(flow.hooks.stats()).toMatchObject({ waiting: 0, tasks: { running: 0, cancelled: 3 } })
    expect(flow.clock.timers).toBe(0)
    expect(flow.log.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('ends a pause between two attempts', async () => {
    const flow = await flows.open(drawing({}, { retry: { delay: '1h' } }), () => ({ status: 500 }))
    const output = flow.hooks.run()
    await flow.told('draw', 'retrying')
    await flow.hooks.close()
    await expect(output).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(flow.clock.timers).toBe(0)
  })

  test('with drain lets a run of two jobs finish, and ends as soon as it has', async () => {
    const flow = await flows.open(two)
    const output = flow.hooks.run()
    await flow.told('draw', 'waiting')
    const closing = flow.hooks.close({ drain: '1h' })
    await finish(flow, 'draw', 1)
    await finish(flow, 'frame', 2)
    await expect(output).resolves.toBe(2)
    await closing
    expect(flow.clock.timers).toBe(0)
  })

  test('with drain ends when its time is over', async () => {
    const flow = await flows.open(two)
    const output = flow.hooks.run()
    await flow.told('draw', 'waiting')
    const closing = flow.hooks.close({ drain: '1m' })
    await finish(flow, 'draw', 1)
    await flow.told('frame', 'waiting')
    flow.clock.advance(60_000)
    await closing
    await expect(output).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  test('with drain ends as soon as the task is cancelled', async () => {
    const flow = await flows.open(two)
    const task = await flow.hooks.submit()
    await flow.told('draw', 'waiting')
    const closing = flow.hooks.close({ drain: '1h' })
    await task.cancel()
    await closing
    expect(flow.clock.timers).toBe(0)
  })
})
