import { describe, expect, test } from '@jest/globals'
import { eventsOf, namesOf } from '../helpers/events-of'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const listener = { path: '/batch', bulk: true, item: '${body.items}', identify_by: '${item.id}', result: '${item.v}' }

describe('items', () => {
  test('are judged each by itself', async () => {
    const { hooks, post } = await hosts.open({
      listener: { ...listener, status: '${item.s}', success_when: 'ok', fail_when: 'bad' },
    })
    const waits = ['a', 'b', 'c'].map((id) => hooks.wait(id))
    const items = [
      { id: 'a', s: 'ok', v: 1 },
      { id: 'b', s: 'bad', v: 2 },
      { id: 'c', s: 'running' },
      { id: 'd', s: 'ok', v: 4 },
      { s: 'ok' },
    ]
    expect((await post('/batch').send({ items })).status).toBe(200)
    await expect(waits[0]).resolves.toBe(1)
    await expect(waits[1]).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', body: items[1] })
    expect(hooks.stats()).toMatchObject({ waiting: 1, settled: 1, failed: 1, pending: 1, parked: 1, unidentified: 1 })
  })

  test('may be the body itself, and are then the results', async () => {
    const { hooks, post } = await hosts.open({ listener: { path: '/batch', bulk: true, identify_by: '${item.id}' } })
    const waits = ['a', 'b'].map((id) => hooks.wait(id))
    await post('/batch').send([{ id: 'a' }, { id: 'b', v: 2 }])
    await expect(Promise.all(waits)).resolves.toEqual([{ id: 'a' }, { id: 'b', v: 2 }])
  })

  test('may be the result with its place in the list and all of the body', async () => {
    const { hooks, post } = await hosts.open({
      listener: { ...listener, result: { item: '${item}', index: '${index}', batch: '${body.batch}' } },
    })
    const waits = ['a', 'b'].map((id) => hooks.wait(id))
    await post('/batch').send({ batch: 9, items: [{ id: 'a' }, { id: 'b' }] })
    await expect(Promise.all(waits)).resolves.toEqual([
      { item: { id: 'a' }, index: 0, batch: 9 },
      { item: { id: 'b' }, index: 1, batch: 9 },
    ])
  })

  test('may be found by JSONPath', async () => {
    const { hooks, post } = await hosts.open({ listener: { ...listener, item: '${body..job}' } })
    const waits = ['a', 'b'].map((id) => hooks.wait(id))
    await post('/batch').send({ x: { job: { id: 'a', v: 1 } }, y: [{ job: { id: 'b', v: 2 } }] })
    await expect(Promise.all(waits)).resolves.toEqual([1, 2])
  })

  test('with the same id: the first one counts', async () => {
    const { hooks, post } = await hosts.open({ listener })
    const wait = hooks.wait('a')
    await post('/batch').send({
      items: [
        { id: 'a', v: 1 },
        { id: 'a', v: 2 },
      ],
    })
    await expect(wait).resolves.toBe(1)
    expect(hooks.stats()).toMatchObject({ settled: 1, duplicate: 1, parked: 0 })
  })

  test.each([[[]], [[null, 1, 'x', [], {}]]])('%j without ids are acknowledged', async (items) => {
    const { hooks, post } = await hosts.open({ listener })
    const answer = await post('/batch').send({ items })
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(hooks.stats()).toMatchObject({ unidentified: items.length, parked: 0, rejected: 0 })
  })

  test('a thousand of them in one request all arrive', async () => {
    const { hooks, post } = await hosts.open({ listener })
    const ids = Array.from({ length: 1000 }, (_, index) => `id-${index}`)
    const waits = ids.map((id) => hooks.wait(id))
    const answer = await post('/batch').send({ items: ids.map((id, v) => ({ id, v })) })
    expect(answer.status).toBe(200)
    await expect(Promise.all(waits)).resolves.toEqual(ids.map((_, v) => v))
    expect(hooks.stats()).toMatchObject({ waiting: 0, settled: 1000, received: 1 })
  })
})

describe('bad items', () => {
  test('never stop the others; each is an event', async () => {
    const { hooks, post } = await hosts.open({ listener })
    const events = eventsOf(hooks)
    const waits = ['a', 'b'].map((id) => hooks.wait(id))
    const answer = await post('/batch').send({
      items: [{ id: 'a', v: 1 }, { id: { x: 1 } }, { id: 1e300 }, { id: 'b', v: 2 }],
    })
    expect([answer.status, answer.text]).toEqual([200, ''])
    await expect(Promise.all(waits)).resolves.toEqual([1, 2])
    expect(namesOf(events)).toEqual(['received', 'settled', 'rejected', 'rejected', 'settled'])
    expect(events[2]?.event).toMatchObject({
      body: { id: { x: 1 } },
      error: { code: 'ERR_ID' },
      endpoint: 'POST /batch',
    })
  })

  test('are told from templates that fail', async () => {
    const { hooks, post } = await hosts.open({ listener: { ...listener, identify_by: '${item.id as integer}' } })
    const wait = hooks.wait(2)
    expect((await post('/batch').send({ items: [{ id: 'x' }, { id: '2', v: 'two' }] })).status).toBe(200)
    await expect(wait).resolves.toBe('two')
    expect(hooks.stats().rejected).toBe(1)
  })

  test('refuse the request when there are no others', async () => {
    const { hooks, post } = await hosts.open({ listener })
    const answer = await post('/batch').send({ items: [{ id: [] }, { id: {} }] })
    expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_ITEMS"}'])
    expect(hooks.stats()).toMatchObject({ parked: 0, settled: 0 })
  })

  test('of which nothing can be kept do not stop one that is waited for', async () => {
    const { hooks, post } = await hosts.open({ listener, store: { park: { max: 1 } } })
    const wait = hooks.wait('waited')
    const answer = await post('/batch').send({ items: [{ id: 'x' }, { id: 'y' }, { id: 'waited', v: 'here' }] })
    expect([answer.status, answer.text]).toEqual([503, '{"error":"ERR_PARKING_FULL"}'])
    expect(hooks.stats()).toMatchObject({ waiting: 0, parked: 1, settled: 1 })
    await expect(wait).resolves.toBe('here')
  })
})

describe('no list', () => {
  test.each([{}, { items: null }, { items: 'x' }, { items: true }, { items: 5 }, []])('%j is refused', async (body) => {
    const { hooks, post } = await hosts.open({ listener })
    const events = eventsOf(hooks)
    const answer = await post('/batch').send(body)
    expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_ITEMS"}'])
    expect(namesOf(events)).toEqual(['received', 'rejected'])
  })

  test.each<[string, string | undefined, object]>([
    ['the body', undefined, { id: 'a', v: 1 }],
    ['the body, as a form', undefined, { id: 'a', v: '1' }],
    ['the item', '${body.items}', { items: { id: 'a', v: 1 } }],
    ['the item, parsed', '${body.items as json}', { items: '{"id":"a","v":1}' }],
  ])('one object where %s should be a list is a list of one', async (what, item, body) => {
    const { hooks, post } = await hosts.open({
      listener: { path: '/batch', bulk: true, identify_by: '${item.id}', result: '${item.v}', item },
    })
    const wait = hooks.wait('a')
    const answer = await post('/batch')
      .type(what.endsWith('form') ? 'form' : 'json')
      .send(body)
    expect([answer.status, answer.text]).toEqual([200, ''])
    await expect(wait).resolves.toBeDefined()
    expect(hooks.stats()).toMatchObject({ received: 1, settled: 1, rejected: 0 })
  })

  test.each(['"a"', '5', 'null', ''])('a body %j where the body should be the list is refused', async (body) => {
    const { post } = await hosts.open({ listener: { path: '/batch', bulk: true, identify_by: '${item.id}' } })
    const answer = await post('/batch').type('json').send(body)
    expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_ITEMS"}'])
  })
})
