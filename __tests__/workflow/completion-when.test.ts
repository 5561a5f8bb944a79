import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { ComponentConfig } from '../../lib/config/schema'
import { DONE, drawing, useFlows } from './use-flows'

const flows = useFlows()
type Completion = NonNullable<ComponentConfig['completion']>

function asking(completion: Completion, more: ComponentConfig = {}): CallbacksConfig {
  const config = drawing({ body: { prompt: 'a cat' }, completion, ...more })
  const other = { ...DONE, path: '/other' } as const
  return { ...config, listener: { callbacks: [DONE, other, { path: '/plain' }] } }
}

const body = (value: unknown, more: object = {}): object => ({ id: 'img-1', status: 'ok', value, ...more })
const NAMED = () => ({ status: 202, body: { id: 'img-1', text: 'txt-1' } })

describe('a completion with when', () => {
  test.each<[string, string, readonly object[], unknown]>([
    ['the body', '${body.final}', [body(1), body(2, { final: 'no' }), body(3, { final: true })], 3],
    [
      'the result',
      '${result.done}',
      [body({}), body({ done: 0 }), body({ done: 'yes' })],
      { done: 'yes', id: 'img-1', text: 'txt-1' },
    ],
    ['the status', '${body.counts}', [{ id: 'img-1', status: 'bad' }, body(2, { counts: 1 })], 2],
    ['what the component reads', '${input.yes}', [body(1)], 1],
    ['its ticket', '${callback.id}', [body(1)], 1],
  ])('goes on without the callbacks for which it is false: %s', async (_, when, sent, expected) => {
    const completion: Completion = { path: '/done', wait_for: '${response.id}', when }
    const { hooks, told, callback } = await flows.open(asking(completion), NAMED)
    const filtered: unknown[] = []
    hooks.on('filtered', (event) => filtered.push(event.body))
    const run = hooks.run({ yes: 1 })
    await told('draw', 'waiting')
    for (const one of sent) expect(await callback(one)).toBe(200)
    await expect(run).resolves.toEqual(expected)
    expect(filtered).toEqual(sent.slice(0, -1))
    expect(hooks.stats()).toMatchObject({ waiting: 0, parked: 0 })
  })

  test.each<[string, Completion, readonly (readonly [object, string])[], unknown]>([
    [
      'its own',
      {
        wait_for: {
          any: [
            { id: '${response.id}', path: '/done', when: '${body.final}' },
            { id: 'b', path: '/other' },
          ],
        },
      },
      [
        [body(1), '/done'],
        [body(2, { final: 1 }), '/done'],
      ],
      2,
    ],
    [
      'that of the completion',
      {
        when: '${body.final}',
        wait_for: {
          any: [
            { id: '${response.id}', path: '/done' },
            { id: 'b', path: '/other' },
          ],
        },
      },
      [
        [body(1, { id: 'b' }), '/other'],
        [body(2, { final: 1 }), '/done'],
      ],
      2,
    ],
    [
      'one branch only',
      {
        wait_for: {
          all: [
            { id: '${response.id}', path: '/done' },
            { id: 'b', path: '/other', when: '${body.final}' },
          ],
        },
      },
      [
        [body(1), '/done'],
        [body(2, { id: 'b' }), '/other'],
        [body(3, { id: 'b', final: 1 }), '/other'],
      ],
      [1, 3],
    ],
  ])('holds for branches: %s', async (_, completion, sent, expected) => {
    const output = { result: '${result}' }
    const { hooks, told, callback } = await flows.open(asking(completion, { output }), NAMED)
    const run = hooks.run({ yes: 1 })
    await told('draw', 'waiting')
    for (const [one, path] of sent) expect(await callback(one, path)).toBe(200)
    await expect(run).resolves.toEqual({ result: expected })
  })

  test('counts for no answer that is final already', async () => {
    const completion: Completion = { wait_for: '${response.id}', path: '/done', when: '${body.final}', done_when: true }
    const { hooks } = await flows.open(asking(completion), NAMED)
    await expect(hooks.run({ yes: 1 })).resolves.toEqual({ id: 'img-1', text: 'txt-1' })
    expect(hooks.stats().waiting).toBe(0)
  })

  test('needs an endpoint that reads ids', async () => {
    const { hooks } = await flows.open(asking({ path: '/plain', when: '${body.final}' }), NAMED)
    await expect(hooks.run({ yes: 1 })).rejects.toMatchObject({
      code: 'ERR_CONFIG_VALUE',
      message: expect.stringMatching(/a wait with "when" needs an endpoint that reads ids.*POST \/plain/),
    })
  })
})
