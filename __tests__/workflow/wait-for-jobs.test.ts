import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { JobConfig } from '../../lib/config/schema'
import { DONE, drawing, useFlows } from './use-flows'

const flows = useFlows()

function waiting(wait_for: JobConfig['wait_for'], more: JobConfig = {}): CallbacksConfig {
  const callbacks = [
    { ...DONE, workflow: false as const },
    { ...DONE, path: '/other', workflow: false as const },
  ]
  return { listener: { callbacks }, workflow: { jobs: [{ id: 'wait', wait_for, ...more }] } }
}

describe('a job that only waits', () => {
  test.each<[string, JobConfig['wait_for'], readonly string[]]>([
    ['a text', '${input.id}', ['desk-1']],
    ['a mapping', { id: '${input.id}' }, ['desk-1']],
    ['several ids', { id: ['${input.id}', '${input.n}'] }, ['desk-1', '7']],
    ['a text with ids in it', 'order ${input.n}', ['order 7']],
  ])('names what it waits for by %s', async (_, wait_for, expected) => {
    const { hooks, told, callback } = await flows.open(waiting(wait_for))
    const output = hooks.run({ id: 'desk-1', n: 7 })
    expect((await told('wait', 'waiting')).ids).toEqual(expected)
    await callback({ id: expected.at(-1), status: 'ok', value: 'got it' })
    await expect(output).resolves.toBe('got it')
  })

  test('takes a callback that came before', async () => {
    const { hooks, callback } = await flows.open(waiting('${input}'))
    await callback({ id: 'early', status: 'ok', value: 1 })
    await expect(hooks.run('early')).resolves.toBe(1)
  })

  test('waits for what another job has begun, and its output can be made', async () => {
    const { component } = drawing({ body: {}, completion: 'none' })
    const jobs = [
      { id: 'begin', component: '__component__' },
      { id: 'wait', wait_for: '${jobs.begin.output.task}', output: { got: '${output}' } },
    ]
    const { hooks, told, callback } = await flows.open(
      { listener: DONE, ...(component && { component }), workflow: { jobs } },
      () => ({
        body: { task: 7 },
      }),
    )
    const output = hooks.run()
    await told('wait', 'waiting')
    await callback({ id: 7, status: 'ok', value: 1 })
    await expect(output).resolves.toEqual({ got: 1 })
  })

  test('reads ${output} of the job above', async () => {
    const jobs = [
      { id: 'say', component: 'logger', input: { data: 'x-1' } },
      { id: 'wait', wait_for: '${output}' },
    ]
    const { hooks, told } = await flows.open({ listener: DONE, workflow: { jobs } })
    const task = await hooks.submit()
    expect((await told('wait', 'waiting')).ids).toEqual(['x-1'])
    await task.cancel()
  })

  test('fails as the callback says', async () => {
    const { hooks, told, callback } = await flows.open(waiting('${input}'))
    const output = hooks.run('a')
    await told('wait', 'waiting')
    await callback({ id: 'a', status: 'bad' })
    await expect(output).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', status: 'bad', id: 'a' })
  })

  test('waits on its path alone', async () => {
    const { hooks, told, callback } = await flows.open(waiting({ id: '${input}', path: 'other' }))
    const output = hooks.run('a')
    await told('wait', 'waiting')
    await callback({ id: 'a', status: 'ok', value: 1 })
    expect(hooks.stats()).toMatchObject({ waiting: 1, parked: 1 })
    await callback({ id: 'a', status: 'ok', value: 2 }, '/other')
    await expect(output).resolves.toBe(2)
  })

  test.each<[string, CallbacksConfig]>([
    ['its own timeout', waiting({ id: 'a', timeout: '5s' })],
    ['the timeout of its job', waiting('a', { timeout: '5s' })],
    ['the shorter one', waiting({ id: 'a', timeout: '1h' }, { timeout: 5000 })],
  ])('waits no longer than %s', async (_, config) => {
    const { hooks, told, clock } = await flows.open(config)
    const output = hooks.run()
    await told('wait', 'waiting')
    clock.advance(4999)
    expect(hooks.stats().waiting).toBe(1)
    clock.advance(17)
    await expect(output).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    expect(hooks.stats().waiting).toBe(0)
  })

  test('waits a day when nothing else is said', async () => {
    const { hooks, told, clock } = await flows.open(waiting('a'))
    const output = hooks.run()
    await told('wait', 'waiting')
    clock.advance(86_399_000)
    expect(hooks.stats().waiting).toBe(1)
    clock.advance(1016)
    await expect(output).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
  })

  test.each([
    ['an id that is missing', waiting('${input.id}'), 'ERR_WAIT_ID'],
    ['an id that is a mapping', waiting({ id: '${input}' }), 'ERR_WAIT_ID'],
    ['no endpoint at all', { workflow: { jobs: [{ wait_for: 'a' }] } }, 'ERR_ENDPOINT_UNKNOWN'],
  ])('fails with %s', async (_, config, code) => {
    const { hooks } = await flows.open(config)
    await expect(hooks.run({})).rejects.toMatchObject({ code })
    expect(hooks.stats().waiting).toBe(0)
  })

  test('is freed with its task', async () => {
    const { hooks, told } = await flows.open(waiting('a'))
    const task = await hooks.submit()
    await told('wait', 'waiting')
    await task.cancel()
    expect(hooks.stats().waiting).toBe(0)
  })
})
