import { describe, expect, test } from '@jest/globals'
import { eventsOf, namesOf } from '../helpers/events-of'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

describe('a template that fails before anything is known', () => {
  test.each([
    { identify_by: '${body.text as integer}' },
    { identify_by: '${body.text + 1}' },
    { identify_by: '${body.id}', status: '${body.text as number}', fail_when: 'x' },
    { identify_by: '${body.id}', status: '${body.text * 2}' },
    { identify_by: '${body.id}', item: '${body.text as object}' },
    { identify_by: '${body.id}', item: '${body.text as list}', bulk: true },
  ])('%j refuses the callback', async (spec) => {
    const { hooks, post } = await hosts.open({ listener: { path: '/done', ...spec } })
    const events = eventsOf(hooks)
    void hooks.wait('a')
    const answer = await post('/done').send({ id: 'a', text: 'abc' })
    expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_TEMPLATE"}'])
    expect(namesOf(events)).toEqual(['received', 'rejected'])
    expect(events[1]?.event).toMatchObject({ error: { code: 'ERR_TEMPLATE' } })
    expect(hooks.stats()).toMatchObject({ waiting: 1, parked: 0, settled: 0 })
  })
})

describe('a result that fails', () => {
  const listener = {
    path: '/done',
    identify_by: '${body.id}',
    status: '${body.s}',
    fail_when: 'bad',
    result: { sum: '${body.text + 1}' },
  }

  test('is acknowledged, and the wait rejects with ERR_TEMPLATE', async () => {
    const { hooks, post } = await hosts.open({ listener })
    const wait = hooks.wait('a')
    const answer = await post('/done').send({ id: 'a', text: 'abc', s: 'ok' })
    expect([answer.status, answer.text]).toEqual([200, ''])
    await expect(wait).rejects.toMatchObject({
      code: 'ERR_TEMPLATE',
      message: expect.stringContaining('"abc"'),
      at: 'listener.result.sum',
    })
  })

  test('is kept for a wait to come', async () => {
    const { hooks, post } = await hosts.open({ listener })
    expect((await post('/done').send({ id: 'a', text: 'abc', s: 'ok' })).status).toBe(200)
    expect(hooks.stats().parked).toBe(1)
    await expect(hooks.wait('a')).rejects.toMatchObject({ code: 'ERR_TEMPLATE' })
  })

  test('says less than that the work has failed', async () => {
    const { hooks, post } = await hosts.open({ listener })
    const wait = hooks.wait('a')
    await post('/done').send({ id: 'a', text: 'abc', s: 'bad' })
    await expect(wait).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', status: 'bad', id: 'a' })
  })

  test('does not stop the other items of a bulk callback', async () => {
    const { hooks, post } = await hosts.open({
      listener: { path: '/done', bulk: true, identify_by: '${item.id}', result: '${item.n * 2}' },
    })
    const waits = ['a', 'b', 'c'].map((id) => hooks.wait(id))
    const items = [
      { id: 'a', n: 1 },
      { id: 'b', n: {} },
      { id: 'c', n: '3' },
    ]
    expect((await post('/done').send(items)).status).toBe(200)
    await expect(waits[0]).resolves.toBe(2)
    await expect(waits[1]).rejects.toMatchObject({ code: 'ERR_TEMPLATE' })
    await expect(waits[2]).resolves.toBe(6)
  })
})

test('a gateway that is not there is not a value of a callback: the config is refused', () => {
  const config = { listener: { path: '/done', result: '${gateway:8090.public_url}' } }
  expect(() => hosts.start(config)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_TEMPLATE' }))
})
