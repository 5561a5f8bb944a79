import { describe, expect, test } from '@jest/globals'
import type { ComponentConfig, JobConfig } from '../../lib/config/schema'
import { useFlows } from './use-flows'

const flows = useFlows()

/** Runs a logger job behind one that gives "before". */
async function runLogger(input: JobConfig['input'], component?: ComponentConfig) {
  const job = { id: 'say', component: component ? 'own' : 'logger', ...(input !== undefined && { input }) }
  const before = { id: 'before', component: 'logger', input: { level: 'debug', data: 'before' } }
  const { hooks, log } = await flows.open({
    ...(component && { components: { own: component } }),
    workflow: { jobs: [before, job] },
  })
  const task = await hooks.submit({ n: 1 })
  return { output: await task.result(), line: log.at(-1), task: task.id }
}

describe('a logger', () => {
  test.each<[string, JobConfig['input'], string, string, object, unknown]>([
    ['a message', { message: 'n is ${input.n}' }, 'info', 'n is 1', {}, 'before'],
    ['data', { message: 'hi', data: { n: '${input.n}' } }, 'info', 'hi', { data: { n: 1 } }, { n: 1 }],
    ['data alone', { data: [1] }, 'info', 'Job say', { data: [1] }, [1]],
    ['data that is null', { data: '${input.missing}' }, 'info', 'Job say', { data: null }, null],
    ['a level', { level: 'warn', message: 'hi' }, 'warn', 'hi', {}, 'before'],
    ['a level in capitals', { level: 'ERROR', message: 'hi' }, 'error', 'hi', {}, 'before'],
    ['a level that there is not', { level: 'loud', message: 'hi' }, 'info', 'hi', {}, 'before'],
    ['a message that is no text', { message: { a: '${input.n}' } }, 'info', '{"a":1}', {}, 'before'],
    ['a text', 'just ${input.n}', 'info', 'just 1', {}, 'before'],
    ['a list', ['a', '${input.n}'], 'info', '["a",1]', {}, 'before'],
    ['nothing but the input of the workflow', undefined, 'info', 'Job say', {}, 'before'],
  ])('writes %s', async (_, input, level, message, details, expected) => {
    const { output, line, task } = await runLogger(input)
    expect(line).toEqual({ level, message, details: { job: 'say', task, ...details } })
    expect(output).toEqual(expected)
  })

  test.each([
    [{ type: 'logger', level: 'warn' }, { message: 'hi' }, 'warn'],
    [{ type: 'logger', level: 'warn' }, { message: 'hi', level: 'debug' }, 'debug'],
    [{ type: 'logger', level: 'error' }, { message: 'hi', level: 'loud' }, 'error'],
    [{ type: 'logger' }, { message: 'hi' }, 'info'],
  ] as const)('%j with %j writes at the level %s', async (component, input, level) => {
    expect((await runLogger(input, component)).line).toMatchObject({ level, message: 'hi' })
  })

  test('that stands first and has no data gives null', async () => {
    const { hooks } = await flows.open({ workflow: { jobs: [{ component: 'logger', input: 'hi' }] } })
    await expect(hooks.run()).resolves.toBeNull()
  })

  test('that throws stops nothing', async () => {
    const broken = (): never => {
      throw new Error('disk full')
    }
    const logger = { debug: broken, info: broken, warn: broken, error: broken }
    const { hooks } = await flows.open(
      { workflow: { jobs: [{ component: 'logger', input: { data: 1 } }] } },
      undefined,
      { logger },
    )
    await expect(hooks.run()).resolves.toBe(1)
  })
})
