import { describe, expect, test } from '@jest/globals'
import type { CallbackConfig } from '../../lib/config/schema'
import { drawing, useFlows } from './use-flows'

const flows = useFlows()
const RUN = expect.stringMatching(/^[\da-f-]{36}$/)

/** The ids that a job waits for which sent a body to an endpoint and had an answer. */
async function idsOf(
  endpoint: Partial<CallbackConfig>,
  body: unknown,
  answer: unknown = {},
): Promise<readonly string[]> {
  const config = {
    ...drawing({ body: { callback_url: 'http://localhost:8090/done?task=from-url', ...Object(body) } }),
    listener: { path: '/done', identify_by: '${body.id}', ...endpoint },
  }
  const { hooks, told } = await flows.open(config, () => ({ body: answer }))
  const task = await hooks.submit({ order: 'o-1' })
  const { ids = [] } = await told('draw', 'waiting')
  await task.cancel()
  return ids
}

describe('the ids that a job waits for are its run id, and what identify_by reads', () => {
  test.each<[string, Partial<CallbackConfig>, unknown, unknown, readonly unknown[]]>([
    ['nowhere', {}, {}, {}, [RUN]],
    ['from the body of the request', {}, { id: 'a' }, {}, [RUN, 'a']],
    ['from the answer', {}, {}, { id: 'b' }, [RUN, 'b']],
    ['from both', {}, { id: 'a' }, { id: 'b' }, [RUN, 'a', 'b']],
    ['from both, once', {}, { id: 'a' }, { id: 'a' }, [RUN, 'a']],
    ['as text', {}, { id: 7 }, { id: 0 }, [RUN, '7', '0']],
    [
      'deep inside',
      { identify_by: '${body.data.task.id}' },
      { data: { task: { id: 'a' } } },
      { data: { task: { id: 'b' } } },
      [RUN, 'a', 'b'],
    ],
    ['from the query of the URL', { identify_by: '${query.task}' }, {}, {}, [RUN, 'from-url']],
    [
      'from the query, else the body',
      { identify_by: '${query.task | ${body.id}}' },
      { id: 'a' },
      { id: 'b' },
      [RUN, 'from-url', 'b'],
    ],
    ['of several fields', { identify_by: '${body.a}/${body.b}' }, { a: 1, b: 2 }, { a: 3, b: 4 }, [RUN, '1/2', '3/4']],
    ['of an item', { identify_by: '${item.id}', bulk: true }, { id: 'a' }, { id: 'b' }, [RUN, 'a', 'b']],
    ['of what can be no id: left out', {}, { id: { a: 1 } }, { id: ['b'] }, [RUN]],
    ['of what is empty: left out', {}, { id: '' }, { id: null }, [RUN]],
    ['of what cannot be computed: left out', { identify_by: '${body.id + 1}' }, { id: 'a' }, { id: 2 }, [RUN, '3']],
    ['of an answer that is no mapping: left out', {}, { id: 'a' }, 'well', [RUN, 'a']],
  ])('%s', async (_, endpoint, body, answer, expected) => {
    expect(await idsOf(endpoint, body, answer)).toEqual(expected)
  })

  test('which is there without a callback URL too', async () => {
    const { hooks, told } = await flows.open(
      {
        ...drawing({ body: { id: 'a' }, completion: 'callback' }),
        listener: { path: '/done', identify_by: '${body.id}' },
      },
      () => ({ body: { id: 'b' } }),
    )
    const task = await hooks.submit()
    expect((await told('draw', 'waiting')).ids).toEqual(expect.arrayContaining([RUN, 'b']))
    await task.cancel()
  })

  test('and the id of a ticket in any URL', async () => {
    const { hooks, told, callback } = await flows.open(
      drawing({ body: { url: 'https://x.example/done?callback_id=mine-${context.attempt}' } }),
    )
    const output = hooks.run()
    expect((await told('draw', 'waiting')).ids).toEqual([RUN, 'mine-1'])
    await callback({ status: 'ok', value: 1 }, '/done?callback_id=mine-1')
    await expect(output).resolves.toBe(1)
  })
})
