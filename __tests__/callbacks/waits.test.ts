import { describe, expect, test } from '@jest/globals'
import type { Progress } from '../../lib'
import { eventsOf, namesOf } from '../helpers/events-of'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const config = {
  listener: {
    path: '/done',
    identify_by: '${body.id}',
    status: '${body.status}',
    success_when: 'ok',
    fail_when: ['bad', 500],
    result: '${body.value}',
    timeout: '1h',
  },
}
const ok = (id: unknown, value?: unknown): object => ({ id, status: 'ok', value })

describe('a callback that comes early', () => {
  test('is kept, and ends the next wait at once', async () => {
    const { hooks, post } = await hosts.open(config)
    expect((await post('/done').send(ok('a', 1))).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ parked: 1, waiting: 0, settled: 0 })
    await expect(hooks.wait('a')).resolves.toBe(1)
    expect(hooks.stats()).toMatchObject({ parked: 0, waiting: 0, settled: 1 })
  })

  test('counts when it is a failure', async () => {
    const { hooks, post } = await hosts.open(config)
    await post('/done').send({ id: 'a', status: 500, value: 'broken' })
    await expect(hooks.wait('a')).rejects.toMatchObject({
      code: 'ERR_CALLBACK_FAILED',
      status: '500',
      result: 'broken',
    })
  })

  test('wins over a second one for the same id', async () => {
    const { hooks, post } = await hosts.open(config)
    const events = eventsOf(hooks)
    await post('/done').send(ok('a', 'first'))
    expect((await post('/done').send({ id: 'a', status: 'bad' })).status).toBe(200)
    expect(namesOf(events)).toEqual(['received', 'parked', 'received', 'duplicate'])
    await expect(hooks.wait('a')).resolves.toBe('first')
  })

  test('is forgotten after ten minutes, with an event', async () => {
    const { hooks, post, clock } = await hosts.open(config)
    await post('/done').send(ok('a', 1))
    const events = eventsOf(hooks)
    clock.advance(10 * 60_000 - 1)
    expect(hooks.stats().parked).toBe(1)
    clock.advance(1000)
    expect(hooks.stats()).toMatchObject({ parked: 0, expired: 1 })
    expect(events).toEqual([{ name: 'expired', event: expect.objectContaining({ id: 'a', endpoint: 'POST /done' }) }])
  })

  test('is not what a pending one is: that is not kept', async () => {
    const { hooks, post } = await hosts.open(config)
    await post('/done').send({ id: 'a', status: 'running' })
    expect(hooks.stats()).toMatchObject({ parked: 0, pending: 1 })
  })
})

describe('a callback that comes twice', () => {
  test('is acknowledged and changes nothing', async () => {
    const { hooks, post } = await hosts.open(config)
    const wait = hooks.wait('a')
    await post('/done').send(ok('a', 1))
    const again = await post('/done').send(ok('a', 2))
    expect([again.status, again.text]).toEqual([200, ''])
    await expect(wait).resolves.toBe(1)
    expect(hooks.stats()).toMatchObject({ duplicate: 1, parked: 0, settled: 1 })
  })

  test('ends a new wait for the same id', async () => {
    const { hooks, post } = await hosts.open(config)
    const first = hooks.wait('a')
    await post('/done').send(ok('a', 1))
    const second = hooks.wait('a')
    await post('/done').send(ok('a', 2))
    await expect(Promise.all([first, second])).resolves.toEqual([1, 2])
  })

  test('is a duplicate for a day, and is kept for somebody new afterwards', async () => {
    const { hooks, post, clock } = await hosts.open(config)
    const wait = hooks.wait('a')
    await post('/done').send(ok('a', 1))
    await wait
    clock.advance(23 * 3_600_000)
    await post('/done').send(ok('a', 2))
    expect(hooks.stats()).toMatchObject({ duplicate: 1, parked: 0 })
    clock.advance(2 * 3_600_000)
    await post('/done').send(ok('a', 3))
    expect(hooks.stats()).toMatchObject({ duplicate: 1, parked: 1 })
  })
})

describe('aliases', () => {
  test('end the wait by whichever comes first, and all of them are settled', async () => {
    const { hooks, post } = await hosts.open(config)
    const wait = hooks.wait(['a', 7, 'c'])
    await post('/done').send(ok('7', 'seven'))
    await expect(wait).resolves.toBe('seven')
    for (const id of ['a', 7, 'c']) expect((await post('/done').send(ok(id))).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ waiting: 0, parked: 0, duplicate: 3 })
  })

  test('take the earliest of several callbacks that came before', async () => {
    const { hooks, post } = await hosts.open(config)
    await post('/done').send(ok('b', 'earlier'))
    await post('/done').send(ok('a', 'later'))
    await expect(hooks.wait(['a', 'b'])).resolves.toBe('earlier')
    expect(hooks.stats().parked).toBe(0)
  })
})

test('gives two waits for one id the same result', async () => {
  const { hooks, post } = await hosts.open(config)
  const waits = [hooks.wait('a'), hooks.wait('a'), hooks.wait(['b', 'a'])]
  await post('/done').send(ok('a', 'for all'))
  await expect(Promise.all(waits)).resolves.toEqual(['for all', 'for all', 'for all'])
})

test('serves many waits in any order', async () => {
  const { hooks, post } = await hosts.open(config)
  const ids = Array.from({ length: 30 }, (_, index) => `id-${index}`)
  const waits = ids.map((id) => hooks.wait(id))
  await Promise.all(ids.toReversed().map((id) => post('/done').send(ok(id, id))))
  await expect(Promise.all(waits)).resolves.toEqual(ids)
})

describe('what comes back', () => {
  test('is everything about the callback with full: true', async () => {
    const { hooks, post, clock } = await hosts.open(config)
    const wait = hooks.wait('a', { full: true })
    clock.advance(5000)
    await post('/done?x=1')
      .set('X-Custom', 'yes')
      .set('Authorization', 'Bearer t')
      .send(ok('a', [1]))
    await expect(wait).resolves.toEqual({
      result: [1],
      body: ok('a', [1]),
      headers: expect.objectContaining({ 'x-custom': 'yes', authorization: 'Bearer t' }),
      endpoint: 'POST /done',
      receivedAt: clock.now(),
    })
  })

  test('is null where the result is missing', async () => {
    const { hooks, post } = await hosts.open(config)
    const wait = hooks.wait('a')
    await post('/done').send({ id: 'a', status: 'ok' })
    await expect(wait).resolves.toBeNull()
  })
})

describe('onProgress', () => {
  test('hears of every pending callback before the last one', async () => {
    const { hooks, post } = await hosts.open(config)
    const heard: Progress[] = []
    const wait = hooks.wait('a', { onProgress: (progress) => void heard.push(progress) })
    await post('/done').send({ id: 'a', status: '10%' })
    await post('/done').send({ id: 'b', status: '50%' })
    await post('/done').send({ id: 'a', status: '90%' })
    await post('/done').send(ok('a', 'end'))
    await post('/done').send({ id: 'a', status: 'late' })
    await expect(wait).resolves.toBe('end')
    expect(heard.map(({ outcome, status, id }) => [outcome, status, id])).toEqual([
      ['pending', '10%', 'a'],
      ['pending', '90%', 'a'],
    ])
    expect(heard[0]).toMatchObject({ endpoint: 'POST /done', body: { id: 'a', status: '10%' } })
  })

  test('may throw without harm to sender and wait', async () => {
    const { hooks, post } = await hosts.open(config)
    const fail = (): never => {
      throw new Error('progress bar broke')
    }
    const wait = hooks.wait('a', { onProgress: fail })
    const answer = await post('/done').send({ id: 'a', status: '10%' })
    expect([answer.status, answer.text]).toEqual([200, ''])
    await post('/done').send(ok('a', 'end'))
    await expect(wait).resolves.toBe('end')
  })
})

describe('what cannot be waited for', () => {
  test.each([[''], [[]], [['a', '']]])('throws at once for the ids %j', (ids) => {
    const { hooks } = hosts.start(config)
    expect(() => hooks.wait(ids)).toThrow(expect.objectContaining({ code: 'ERR_WAIT_ID' }))
    expect(hooks.stats().waiting).toBe(0)
  })

  test('throws at once for an unknown path, naming those that there are', () => {
    const { hooks } = hosts.start(config)
    expect(() => hooks.wait('a', { path: '/dome' })).toThrow(
      expect.objectContaining({ code: 'ERR_ENDPOINT_UNKNOWN', message: expect.stringContaining('POST /done') }),
    )
  })

  test.each(['soon', '-5s', -1, Number.NaN])('throws at once for the timeout %p', (timeout) => {
    const { hooks } = hosts.start(config)
    expect(() => hooks.wait('a', { timeout })).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_VALUE' }))
  })

  test('rejects when too many wait, and takes more when some have ended', async () => {
    const { hooks, post } = await hosts.open({ ...config, store: { max_waits: 2 } })
    const waits = [hooks.wait('a'), hooks.wait('b')]
    await expect(hooks.wait('c')).rejects.toMatchObject({ code: 'ERR_WAITS_FULL' })
    await post('/done').send(ok('a', 1))
    const third = hooks.wait('c')
    await post('/done').send(ok('c', 3))
    await post('/done').send(ok('b', 2))
    await expect(Promise.all([...waits, third])).resolves.toEqual([1, 2, 3])
  })
})
