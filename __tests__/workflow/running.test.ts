import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { drawing, finish, until, useFlows } from './use-flows'

const flows = useFlows()

/** Two jobs that wait one after the other. */
const two: CallbacksConfig = { ...drawing(), workflow: { id: 'paint', jobs: [{ id: 'draw' }, { id: 'frame' }] } }
const quick: CallbacksConfig = {
  workflow: { id: 'quick', jobs: [{ id: 'say', component: 'logger', input: '${input}' }] },
}

describe('run()', () => {
  test('gives the output', async () => {
    const flow = await flows.open(two)
    const output = flow.hooks.run()
    await finish(flow, 'draw', 1)
    await finish(flow, 'frame', 2)
    await expect(output).resolves.toBe(2)
  })

  const several: CallbacksConfig = {
    workflows: [
      { id: 'a', jobs: [{ component: 'logger', input: { data: 'a' } }] },
      { id: 'b', default: true, jobs: [{ component: 'logger', input: { data: 'b' } }] },
    ],
  }

  test.each([
    ['the default one', {}, 'b'],
    ['the one that is named', { workflow: 'a' }, 'a'],
  ])('runs %s', async (_, options, expected) => {
    const { hooks } = await flows.open(several)
    await expect(hooks.run(undefined, options)).resolves.toBe(expected)
  })

  test.each<[string, CallbacksConfig, object, string]>([
    ['a name that there is not', several, { workflow: 'c' }, 'There is no workflow "c"; there are a, b'],
    [
      'a name of Object.prototype',
      several,
      { workflow: 'constructor' },
      'There is no workflow "constructor"; there are a, b',
    ],
    [
      'no name where none is the default',
      {
        workflows: [
          { id: 'a', jobs: [{ component: 'logger' }] },
          { id: 'b', jobs: [{ component: 'logger' }] },
        ],
      },
      {},
      'No workflow is the default one; name one, or write "default: true" (there are a, b)',
    ],
    [
      'a config without any',
      {},
      {},
      'No workflow is the default one; name one, or write "default: true" (the config has none)',
    ],
  ])('refuses %s', async (_, config, options, message) => {
    const { hooks } = await flows.open(config)
    await expect(hooks.run(1, options)).rejects.toMatchObject({ code: 'ERR_WORKFLOW_UNKNOWN', message })
    await expect(hooks.submit(1, options)).rejects.toMatchObject({ code: 'ERR_WORKFLOW_UNKNOWN', message })
  })

  test.each([
    ['a timeout that is no duration', { timeout: 'soon' }],
    ['a timeout in the past', { timeout: -1 }],
    ['a timeout that is no number', { timeout: Number.NaN }],
  ])('refuses %s', async (_, options) => {
    const { hooks } = await flows.open(quick)
    await expect(hooks.run(1, options)).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE', at: 'timeout' })
    expect(hooks.stats().tasks.running).toBe(0)
  })

  test('refuses a signal that is none, and leaves nothing', async () => {
    const { hooks, clock } = await flows.open(quick)
    for (const signal of [{}, 'soon', new AbortController(), null]) {
      await expect(Reflect.apply(hooks.run, hooks, [1, { signal, timeout: '1h' }])).rejects.toMatchObject({
        code: 'ERR_CONFIG_VALUE',
        at: 'signal',
      })
    }
    expect(hooks.stats().tasks).toEqual({ running: 0, succeeded: 0, failed: 0, cancelled: 0 })
    expect(clock.timers).toBe(0)
  })

  test('takes a timeout that no timer can hold', async () => {
    const { hooks } = await flows.open(quick)
    await expect(hooks.run('x', { timeout: '400d' })).resolves.toBeNull()
  })

  test('that fails while nobody awaits it crashes nothing', async () => {
    const { hooks, clock, told } = await flows.open(drawing())
    void hooks.run(1, { timeout: 1000 })
    void hooks.run(1, { workflow: 'nobody' })
    void hooks.run(1, { timeout: 'soon' })
    const task = await hooks.submit(1, { timeout: 1000 })
    void task.result()
    await told('draw', 'waiting', 2)
    clock.advance(1000)
    await until(() => hooks.stats().tasks.failed === 2, 'both have failed')
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  })

  test('after close() is refused', async () => {
    const { hooks } = await flows.open(quick)
    await hooks.close()
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(hooks.submit()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
