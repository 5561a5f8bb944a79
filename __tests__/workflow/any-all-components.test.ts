import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { ComponentConfig, JobConfig } from '../../lib/config/schema'
import { DONE, drawing, idOf, useFlows } from './use-flows'

const flows = useFlows()

const OTHER = { ...DONE, path: '/other' } as const
const FAILED = { path: '/failed', identify_by: '${body.id}', status: '${method}', fail_when: 'POST' } as const

type WaitFor = NonNullable<Exclude<ComponentConfig['completion'], string>>['wait_for']

function asking(waitFor: WaitFor, component: ComponentConfig = {}, job: JobConfig = {}): CallbacksConfig {
  const completion = { wait_for: waitFor }
  const config = drawing(
    { body: { prompt: '${input.prompt}', id: '${context.run_id}' }, completion, ...component },
    job,
  )
  return { ...config, listener: { callbacks: [DONE, OTHER, FAILED] } }
}

const NOTHING = { waiting: 0, parked: 0 }

/** The service gives its task two names. */
const NAMED = () => ({ status: 202, body: { image: 'img-1', text: 'txt-1', state: 'begun' } })

describe('a component that waits for any of several callbacks', () => {
  const SIDES: WaitFor = {
    any: [
      { id: '${response.image}', path: '/done', name: 'good' },
      { id: '${response.image}', path: '/failed', name: 'bad' },
    ],
  }

  test('gives the result of the first, and its output says which that was', async () => {
    const output = { result: '${result}', by: '${branch.name}', state: '${response.state}' }
    const { hooks, told, callback } = await flows.open(asking(SIDES, { output }), NAMED)
    const run = hooks.run()
    expect((await told('draw', 'waiting')).ids).toContain('img-1')
    expect(hooks.stats().waiting).toBe(2)
    await callback({ id: 'img-1', status: 'ok', value: 'drawn' })
    await expect(run).resolves.toEqual({ result: 'drawn', by: 'good', state: 'begun' })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('fails at once when the endpoint for failures is called', async () => {
    const { hooks, told, callback } = await flows.open(asking(SIDES), NAMED)
    const run = hooks.run()
    await told('draw', 'waiting')
    await callback({ id: 'img-1', why: 'no paint' }, '/failed')
    await expect(run).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', endpoint: 'POST /failed', id: 'img-1' })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('says in the output of the job which branch came first', async () => {
    const job = { output: { got: '${output.value}', by: '${branch.name}', index: '${branch.index}' } }
    const { hooks, told, callback } = await flows.open(
      asking({ any: ['a', { id: 'b', path: '/other' }] }, {}, job),
      NAMED,
    )
    const run = hooks.run()
    await told('draw', 'waiting')
    await callback({ id: 'b', status: 'ok', value: { value: 1 } }, '/other')
    await expect(run).resolves.toEqual({ got: 1, by: null, index: 1 })
  })

  test('knows a callback that came before the answer told its id', async () => {
    const { hooks } = await flows.open(asking(SIDES), async (_, flow) => {
      await flow.callback({ id: 'img-1', status: 'ok', value: 'early' })
      return NAMED()
    })
    await expect(hooks.run()).resolves.toBe('early')
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('recognises its callbacks by what the request announces, where a branch has no id', async () => {
    const waitFor: WaitFor = { any: [{ path: '/other' }, { path: '/failed' }] }
    const { hooks, service, callback } = await flows.open(asking(waitFor))
    const run = hooks.run()
    const id = idOf(await service.received())
    await callback({ id, status: 'ok', value: 'found' }, '/other')
    await expect(run).resolves.toBe('found')
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('waits by ticket on the endpoint of its completion', async () => {
    const component = {
      body: { url: '${callback.url}' },
      completion: { path: '/done', wait_for: { any: ['x', { id: 'y', path: '/other' }] } },
    }
    const { hooks, service, callback } = await flows.open(asking(undefined, component))
    const run = hooks.run()
    const { url } = (await service.received()).body as { readonly url: string }
    const { pathname, search } = new URL(url)
    await callback({ status: 'ok', value: 'by ticket' }, pathname + search)
    await expect(run).resolves.toBe('by ticket')
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('ends when the immediate answer is final, and late callbacks are duplicates', async () => {
    const completion = {
      wait_for: { any: ['img-1', { id: 'img-1', path: '/other' }] },
      done_when: '${response.is_done}',
    }
    const { hooks, callback } = await flows.open(asking(undefined, { completion }), () => ({ body: { is_done: true } }))
    await expect(hooks.run()).resolves.toEqual({ is_done: true })
    await callback({ id: 'img-1', status: 'ok' })
    await callback({ id: 'img-1', status: 'ok' }, '/other')
    expect(hooks.stats()).toMatchObject({ ...NOTHING, duplicate: 2 })
  })

  test('cancels its waits when the request fails', async () => {
    const { hooks } = await flows.open(asking({ any: ['a', 'b'] }), () => ({ status: 400, body: { reason: 'no' } }))
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('quotes the answer when no branch had a callback in time', async () => {
    const completion = { wait_for: { any: ['a', { id: 'b', timeout: '2s' }] }, timeout: '5s' }
    const { hooks, told, clock } = await flows.open(asking(undefined, { completion }), NAMED)
    const run = hooks.run()
    await told('draw', 'waiting')
    clock.advance(6000)
    await expect(run).rejects.toMatchObject({
      code: 'ERR_WAIT_TIMEOUT',
      message: expect.stringMatching(
        /None of the 2 branches .* within 5000 ms.* within 2000 ms.*had answered 202: .*img-1/,
      ),
      response: { status: 202 },
    })
  })
})

describe('a component that waits for all of several callbacks', () => {
  const BOTH: WaitFor = {
    all: [
      { id: '${response.image}', path: '/done', name: 'image' },
      { id: '${response.text}', path: '/other', name: 'text' },
    ],
  }

  test('gives their results by name, laid over its output', async () => {
    const { hooks, told, callback } = await flows.open(asking(BOTH), NAMED)
    const run = hooks.run()
    expect((await told('draw', 'waiting')).ids).toEqual(expect.arrayContaining(['img-1', 'txt-1']))
    await callback({ id: 'txt-1', status: 'ok', value: 'a text' }, '/other')
    expect(hooks.stats().waiting).toBe(1)
    await callback({ id: 'img-1', status: 'ok', value: 'an image' })
    await expect(run).resolves.toEqual({ image: 'an image', text: 'a text', state: 'begun' })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('gives them as a list to its output', async () => {
    const config = asking({ all: ['a', 'b'] }, { output: { both: '${result}', last: '${result[-1]}' } })
    const { hooks, told, callback } = await flows.open(config, NAMED)
    const run = hooks.run()
    await told('draw', 'waiting')
    await callback({ id: 'b', status: 'ok', value: 2 })
    await callback({ id: 'a', status: 'ok', value: 1 })
    await expect(run).resolves.toEqual({ both: [1, 2], last: 2 })
  })

  test('fails with the first that fails, and carries the answer', async () => {
    const { hooks, told, callback } = await flows.open(asking(BOTH), NAMED)
    const run = hooks.run()
    await told('draw', 'waiting')
    await callback({ id: 'txt-1', status: 'bad' }, '/other')
    await expect(run).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', id: 'txt-1', response: { status: 202 } })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test.each<[string, string, unknown]>([
    ['all have come', 'ok', { image: 1, text: 2 }],
    ['one has failed', 'bad', 'ERR_CALLBACK_FAILED'],
  ])('needs no answer when %s before it was lost', async (_, status, expected) => {
    const waitFor: WaitFor = {
      all: [
        { id: 'a', name: 'image' },
        { id: 'b', name: 'text' },
      ],
    }
    const { hooks } = await flows.open(asking(waitFor), async ({ response }, flow) => {
      await flow.callback({ id: 'a', status: 'ok', value: 1 })
      await flow.callback({ id: 'b', status, value: 2 })
      response.destroy()
    })
    const ended = await hooks.run().catch((error: { readonly code: string }) => error.code)
    expect(ended).toEqual(expected)
    expect(hooks.stats()).toMatchObject(NOTHING)
  })

  test('fails as the request does when its answer was lost and only one has come', async () => {
    const { hooks } = await flows.open(asking({ all: ['a', 'b'] }), async ({ response }, flow) => {
      await flow.callback({ id: 'a', status: 'ok', value: 1 })
      response.destroy()
    })
    await expect(hooks.run()).rejects.toMatchObject({ code: 'ERR_HTTP_NETWORK' })
    expect(hooks.stats()).toMatchObject(NOTHING)
  })
})
