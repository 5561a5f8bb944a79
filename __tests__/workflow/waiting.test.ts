import { describe, expect, test } from '@jest/globals'
import { DONE, drawing, idOf, useFlows } from './use-flows'

const flows = useFlows()

describe('a job whose request tells a callback URL waits for the callback', () => {
  test('that comes before the answer', async () => {
    const { hooks } = await flows.open(drawing(), async (request, { callback }) => {
      expect(await callback({ id: idOf(request), status: 'ok', value: 1 })).toBe(200)
      return { status: 202, body: { accepted: true } }
    })
    await expect(hooks.run()).resolves.toBe(1)
    expect(hooks.stats()).toMatchObject({ waiting: 0, settled: 1, parked: 0, duplicate: 0 })
  })

  test('that comes later, with the run id', async () => {
    const { hooks, told, callback, service } = await flows.open(drawing())
    const output = hooks.run({ prompt: 'a cat' })
    const { ids = [] } = await told('draw', 'waiting')
    expect(service.requests[0]?.body).toMatchObject({ id: ids[0], prompt: 'a cat' })
    expect(await callback({ id: ids[0], status: 'ok', value: 2 })).toBe(200)
    await expect(output).resolves.toBe(2)
  })

  const own = drawing({ body: { callback_url: 'http://localhost:8090/done' } })

  test("that comes with the service's own id, known only from the answer", async () => {
    const { hooks, told, callback } = await flows.open(own, () => ({ status: 202, body: { id: 'task-7' } }))
    const output = hooks.run()
    expect((await told('draw', 'waiting')).ids).toContain('task-7')
    await callback({ id: 'task-7', status: 'ok', value: 3 })
    await expect(output).resolves.toBe(3)
  })

  test("that comes with the service's own id before its answer", async () => {
    const { hooks } = await flows.open(own, async (_, { callback }) => {
      await callback({ id: 'task-7', status: 'ok', value: 4 })
      return { status: 202, body: { id: 'task-7' } }
    })
    await expect(hooks.run()).resolves.toBe(4)
    expect(hooks.stats()).toMatchObject({ parked: 0, settled: 1 })
  })

  test("that comes with the service's own id, which a header of the answer holds", async () => {
    const config = { ...own, listener: { ...DONE, identify_by: '${header.X-Task | ${body.id}}' } }
    const { hooks, told, callback } = await flows.open(config, () => ({ headers: { 'X-Task': 'task-8' } }))
    const output = hooks.run()
    await told('draw', 'waiting')
    await callback({ id: 'task-8', status: 'ok', value: 5 })
    await expect(output).resolves.toBe(5)
  })

  test.each([
    ['in the query', '${query.task}', '/done', '/done?task=${context.run_id}'],
    ['in the path', '${params.task}', '/done/:task', '/done/${context.run_id}'],
    ['in both', '${params.task}/${query.n}', '/done/:task', '/done/${context.run_id}?n=1'],
    ['escaped in the query', '${query.task}', '/done', '/done?task=a%20b%2Fc%26${context.run_id}'],
    ['escaped in the path', '${params.task}', '/done/:task', '/done/a%20b%2Fc%26${context.run_id}'],
  ])('that has its id %s of the callback URL', async (_, identify_by, path, url) => {
    const config = {
      ...drawing({ body: { callback_url: `https://example.com${url}` } }),
      listener: { path, identify_by, result: '${body.value}' },
    }
    const { hooks } = await flows.open(config, async ({ body }, { callback }) => {
      const { pathname, search } = new URL(Object(body).callback_url)
      expect(await callback({ value: 6 }, pathname + search)).toBe(200)
      return {}
    })
    await expect(hooks.run()).resolves.toBe(6)
    expect(hooks.stats()).toMatchObject({ settled: 1, parked: 0 })
  })

  test('that comes twice, and then is a duplicate', async () => {
    const { hooks } = await flows.open(drawing(), async (request, { callback }) => {
      await callback({ id: idOf(request), status: 'ok', value: 1 })
      expect(await callback({ id: idOf(request), status: 'ok', value: 2 })).toBe(200)
      return {}
    })
    await expect(hooks.run()).resolves.toBe(1)
    expect(hooks.stats()).toMatchObject({ settled: 1, duplicate: 1, parked: 0 })
  })

  test('that comes a second time under the other id of its task, and then is a duplicate', async () => {
    const { hooks, callback, service } = await flows.open(drawing(), async (request, flow) => {
      await flow.callback({ id: idOf(request), status: 'ok', value: 1 })
      return { body: { id: 'task-7' } }
    })
    await expect(hooks.run()).resolves.toBe(1)
    expect(await callback({ id: idOf(await service.received()), status: 'ok', value: 2 })).toBe(200)
    expect(hooks.stats()).toMatchObject({ settled: 1, duplicate: 1 })
  })

  test('that says pending before it says success', async () => {
    const { hooks, told, callback } = await flows.open(drawing())
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    expect(await callback({ id: ids[0], status: 'half', value: 1 })).toBe(200)
    expect(hooks.stats()).toMatchObject({ waiting: 1, pending: 1 })
    await callback({ id: ids[0], status: 'ok', value: 2 })
    await expect(output).resolves.toBe(2)
  })

  test('that says failure, which fails the job', async () => {
    const { hooks, told, callback } = await flows.open(drawing())
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    expect(await callback({ id: ids[0], status: 'bad', value: 'no paint' })).toBe(200)
    await expect(output).rejects.toMatchObject({
      code: 'ERR_CALLBACK_FAILED',
      message:
        `Job "draw" failed: POST /done received the status "bad" for "${ids[0]}": ` +
        `{"id":"${ids[0]}","status":"bad","value":"no paint"}`,
      status: 'bad',
      result: 'no paint',
      body: { id: ids[0], status: 'bad', value: 'no paint' },
      id: ids[0],
      endpoint: 'POST /done',
    })
    expect(hooks.stats()).toMatchObject({ waiting: 0, failed: 1 })
  })

  test('whose result cannot be made, which fails the job', async () => {
    const config = { ...drawing(), listener: { ...DONE, result: '${body.value + 1}' } }
    const { hooks, told, callback } = await flows.open(config)
    const output = hooks.run()
    const { ids = [] } = await told('draw', 'waiting')
    expect(await callback({ id: ids[0], status: 'ok', value: 'x' })).toBe(200)
    await expect(output).rejects.toMatchObject({ code: 'ERR_TEMPLATE' })
  })
})

test('a job that fails quotes what "error" of the callback reads, in place of the beginning of the body', async () => {
  const config = { ...drawing(), listener: { ...DONE, error: '${body.why.text}' } }
  const flow = await flows.open(config)
  const output = flow.hooks.run()
  const { ids: [id] = [] } = await flow.told('draw', 'waiting')
  await flow.callback({ id, status: 'bad', why: { text: 'no ink' } })
  await expect(output).rejects.toMatchObject({
    code: 'ERR_CALLBACK_FAILED',
    message: `Job "draw" failed: POST /done received the status "bad" for "${id}": no ink`,
    reason: 'no ink',
  })
})
