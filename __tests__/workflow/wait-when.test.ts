import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { JobConfig } from '../../lib/config/schema'
import { DONE, type Flow, useFlows } from './use-flows'

const flows = useFlows()

function waiting(wait_for: JobConfig['wait_for'], more: JobConfig = {}): CallbacksConfig {
  const callbacks = [
    { ...DONE, workflow: false as const },
    { ...DONE, path: '/other', workflow: false as const },
    { path: '/plain', workflow: false as const },
  ]
  return { listener: { callbacks }, workflow: { jobs: [{ id: 'wait', wait_for, ...more }] } }
}

/** Notes the events of callbacks that were left out. */
function filteredBy({ hooks }: Flow): readonly unknown[] {
  const told: unknown[] = []
  hooks.on('filtered', ({ id, body }) => void told.push([id, body]))
  return told
}

const ok = (value: unknown, more: object = {}): object => ({ id: 'a', status: 'ok', value, ...more })

describe('a job that waits with when', () => {
  test.each<[string, string, readonly object[], unknown]>([
    ['the body', '${body.final}', [ok(1), ok(2, { final: false }), ok(3, { final: true })], 3],
    [
      'the words that mean no',
      '${body.final}',
      [ok(1, { final: 'no' }), ok(2, { final: 'off' }), ok(3, { final: 1 })],
      3,
    ],
    ['the result', '${result.done}', [ok({ done: false }), ok({}), ok({ done: 'yes' })], { done: 'yes' }],
    ['the id', '${input.want[0]}', [ok(1)], 1],
    ['the input', '${input.none | false}', [], undefined],
    [
      'JSONPath, of which the first hit counts',
      '${body..last}',
      [ok(1, { events: [{}] }), ok(2, { events: [{ last: true }] })],
      2,
    ],
  ])('goes on without those for which it is false: %s', async (_, when, callbacks, expected) => {
    const flow = await flows.open(waiting({ id: 'a', when }))
    const told = filteredBy(flow)
    const task = await flow.hooks.submit({ want: ['x'] })
    await flow.told('wait', 'waiting')
    for (const one of callbacks) expect(await flow.callback(one)).toBe(200)
    if (expected === undefined) await task.cancel()
    else await expect(task.result()).resolves.toEqual(expected)
    expect(told).toEqual(callbacks.slice(0, -1).map((body) => ['a', body]))
    expect(flow.hooks.stats().waiting).toBe(0)
  })

  test('reads the status, also of a failure, which it may leave out', async () => {
    const flow = await flows.open(waiting({ id: 'a', when: '${body.counts}' }))
    const told = filteredBy(flow)
    const output = flow.hooks.run()
    await flow.told('wait', 'waiting')
    await flow.callback({ id: 'a', status: 'bad' })
    await flow.callback({ id: 'a', status: 'bad', counts: true })
    await expect(output).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', status: 'bad' })
    expect(told).toEqual([['a', { id: 'a', status: 'bad' }]])
  })

  test.each(['x-final', 'X-Final'])('reads the header %s', async (name) => {
    const flow = await flows.open(waiting({ id: 'a', when: `\${header.${name}}` }))
    const output = flow.hooks.run()
    await flow.told('wait', 'waiting')
    await flow.post('/done').send(ok(1))
    await flow.post('/done').set('x-final', '0').send(ok(2))
    await flow.post('/done').set('x-final', '1').send(ok(3))
    await expect(output).resolves.toBe(3)
  })

  test('tells pending callbacks as before: they are not filtered', async () => {
    const flow = await flows.open(waiting({ id: 'a', when: '${body.final}' }))
    const told = filteredBy(flow)
    const output = flow.hooks.run()
    await flow.told('wait', 'waiting')
    await flow.callback({ id: 'a', status: 'busy', final: true })
    await flow.callback(ok(1, { final: true }))
    await expect(output).resolves.toBe(1)
    expect(told).toEqual([])
  })

  test('looks at a callback that came before', async () => {
    const flow = await flows.open(waiting({ id: 'a', when: '${body.final}' }))
    const told = filteredBy(flow)
    await flow.callback(ok(1))
    const output = flow.hooks.run()
    await flow.told('wait', 'waiting')
    await flow.callback(ok(2, { final: true }))
    await expect(output).resolves.toBe(2)
    expect(told).toEqual([['a', ok(1)]])
  })

  test('ends when its time is up, and says what came in place of the callback', async () => {
    const flow = await flows.open(waiting({ id: 'a', when: '${body.final}', timeout: '5s' }))
    const output = flow.hooks.run()
    await flow.told('wait', 'waiting')
    await flow.callback(ok(1))
    flow.clock.advance(5017)
    await expect(output).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    expect(flow.hooks.stats().waiting).toBe(0)
  })

  test('fails when its template does', async () => {
    const flow = await flows.open(waiting({ id: 'a', when: '${body.count as integer}' }))
    const output = flow.hooks.run()
    await flow.told('wait', 'waiting')
    await flow.callback(ok(1, { count: 0 }))
    expect(await flow.callback(ok(2, { count: 'many' }))).toBe(200)
    await expect(output).rejects.toMatchObject({ code: 'ERR_TEMPLATE' })
    expect(flow.hooks.stats().waiting).toBe(0)
  })

  test('needs an endpoint that reads ids', async () => {
    const { hooks } = await flows.open(waiting({ id: 'a', path: '/plain', when: '${body.x}' }))
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_CONFIG_VALUE',
      message: expect.stringContaining('identify_by'),
    })
  })

  test('lets callbacks without an id be for other waits', async () => {
    const flow = await flows.open(waiting({ id: 'a', when: '${body.final}' }))
    const output = flow.hooks.run()
    await flow.told('wait', 'waiting')
    await flow.callback({ final: true }, '/plain')
    expect(flow.hooks.stats()).toMatchObject({ waiting: 1, parked: 1 })
    await flow.callback(ok(1, { final: true }))
    await expect(output).resolves.toBe(1)
  })
})

describe('branches with when', () => {
  test('of any: the first that counts', async () => {
    const branches = [
      { id: 'a', when: '${body.final}', name: 'a' },
      { id: 'b', name: 'b' },
    ]
    const flow = await flows.open(waiting({ any: branches }, { output: '${branch.name}: ${output}' }))
    const output = flow.hooks.run()
    await flow.told('wait', 'waiting')
    await flow.callback(ok(1))
    await flow.callback({ ...ok(2), id: 'b' })
    await expect(output).resolves.toBe('b: 2')
  })

  test.each<[string, JobConfig['wait_for']]>([
    [
      'written for each',
      {
        all: [
          { id: 'a', when: '${body.final}' },
          { id: 'b', when: '${body.final}' },
        ],
      },
    ],
    ['written beside', { all: ['a', 'b'], when: '${body.final}' }],
    ['beside a list that a template makes', { all: '${input}', when: '${body.final}' }],
  ])('of all, %s', async (_, wait_for) => {
    const flow = await flows.open(waiting(wait_for))
    const output = flow.hooks.run(['a', 'b'])
    await flow.told('wait', 'waiting')
    for (const id of ['a', 'b']) await flow.callback({ ...ok(1), id })
    for (const id of ['b', 'a']) await flow.callback({ ...ok(`final ${id}`, { final: true }), id })
    await expect(output).resolves.toEqual(['final a', 'final b'])
  })

  test.each<['any' | 'all']>([['any'], ['all']])(
    'of %s may not share an id, since only one looks at what came early',
    async (mode) => {
      const { hooks } = await flows.open(waiting({ [mode]: [{ id: 'a', when: '${body.x}' }, { id: ['b', 'a'] }] }))
      await expect(hooks.run()).rejects.toMatchObject({
        code: 'ERR_WAIT_ID',
        message: expect.stringContaining('one of them has "when"'),
      })
      expect(hooks.stats().waiting).toBe(0)
    },
  )
})
