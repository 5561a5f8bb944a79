import { describe, expect, test } from '@jest/globals'
import { eventsOf } from '../helpers/events-of'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const config = { listener: { path: '/done', identify_by: '${body.id}', result: '${body.value}', timeout: '1h' } }

describe('a wait that runs out of time', () => {
  test.each([
    { timeout: 250, ms: 250 },
    { timeout: '30s', ms: 30_000 },
    { timeout: '5m', ms: 300_000 },
    { timeout: undefined, ms: 3_600_000 },
  ])('rejects after $ms ms when its timeout is $timeout', async ({ timeout, ms }) => {
    const { hooks, clock } = hosts.start(config)
    const wait = hooks.wait('a', timeout === undefined ? {} : { timeout })
    clock.advance(ms - 1)
    expect(hooks.stats().waiting).toBe(1)
    clock.advance(1 + 16)
    expect(hooks.stats()).toMatchObject({ waiting: 0, expired: 1 })
    await expect(wait).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT', message: expect.stringContaining('"a"') })
  })

  test('lasts a day where nobody says how long', async () => {
    const { hooks, clock } = hosts.start({ listener: { path: '/done' } })
    const wait = hooks.wait('a')
    clock.advance(86_400_000 - 1)
    expect(hooks.stats().waiting).toBe(1)
    clock.advance(1 + 16)
    await expect(wait).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
  })

  test('leaves a callback that comes too late to the next wait', async () => {
    const { hooks, post, clock } = await hosts.open(config)
    const events = eventsOf(hooks)
    const wait = hooks.wait('a', { timeout: '1s' })
    clock.advance(2000)
    await expect(wait).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    expect(events).toEqual([{ name: 'expired', event: { id: 'a', endpoint: 'POST /done' } }])
    expect((await post('/done').send({ id: 'a', value: 'late' })).status).toBe(200)
    await expect(hooks.wait('a')).resolves.toBe('late')
  })

  test('is kept alive by nothing: a pending callback does not move its deadline', async () => {
    const { hooks, post, clock } = await hosts.open({
      listener: { ...config.listener, status: '${body.status}', success_when: 'ok' },
    })
    const wait = hooks.wait('a', { timeout: '10s' })
    clock.advance(9000)
    await post('/done').send({ id: 'a', status: 'running' })
    clock.advance(1016)
    await expect(wait).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
  })
})

describe('a wait that is aborted', () => {
  test('rejects with the reason of the signal, and holds nothing', async () => {
    const { hooks, post } = await hosts.open(config)
    const controller = new AbortController()
    const reason = new Error('user left')
    const wait = hooks.wait('a', { signal: controller.signal })
    controller.abort(reason)
    expect(hooks.stats().waiting).toBe(0)
    await expect(wait).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: reason })
    await post('/done').send({ id: 'a', value: 'later' })
    expect(hooks.stats()).toMatchObject({ parked: 1, duplicate: 0 })
  })

  test('rejects when the signal was aborted before', async () => {
    const { hooks } = hosts.start(config)
    const wait = hooks.wait('a', { signal: AbortSignal.abort('never mind') })
    expect(hooks.stats().waiting).toBe(0)
    await expect(wait).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'never mind' })
  })

  test('does not touch another wait for the same id', async () => {
    const { hooks, post } = await hosts.open(config)
    const controller = new AbortController()
    const gone = hooks.wait('a', { signal: controller.signal })
    const stays = hooks.wait('a')
    controller.abort()
    await expect(gone).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    await post('/done').send({ id: 'a', value: 1 })
    await expect(stays).resolves.toBe(1)
  })

  test('is not changed by an abort after its end', async () => {
    const { hooks, post } = await hosts.open(config)
    const controller = new AbortController()
    const wait = hooks.wait('a', { signal: controller.signal })
    await post('/done').send({ id: 'a', value: 1 })
    controller.abort()
    await expect(wait).resolves.toBe(1)
  })
})

describe('close()', () => {
  test('rejects every open wait and every later one', async () => {
    const { hooks } = hosts.start(config)
    const waits = [hooks.wait('a'), hooks.wait(['b', 'c']), hooks.ticket().result]
    await hooks.close()
    for (const wait of [...waits, hooks.wait('d')]) await expect(wait).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await hooks.close()
    expect(hooks.stats().waiting).toBe(0)
  })

  test('answers callbacks that come later with 503 and when to try again', async () => {
    const { hooks, post } = await hosts.open(config)
    await hooks.close()
    const answer = await post('/done').send({ id: 'a' })
    expect([answer.status, answer.text]).toEqual([503, '{"error":"ERR_CLOSED"}'])
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect((await post('/other').send({})).status).toBe(404)
  })

  test('rejects settlements by hand', async () => {
    const { hooks } = hosts.start(config)
    await hooks.close()
    await expect(hooks.settle('a', 1)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(hooks.fail('a', new Error('no'))).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  test('with drain takes callbacks until the last wait has ended', async () => {
    const { hooks, post } = await hosts.open(config)
    const waits = [hooks.wait('a'), hooks.wait('b')]
    const closing = hooks.close({ drain: 60_000 })
    expect((await post('/done').send({ id: 'a', value: 1 })).status).toBe(200)
    expect(hooks.stats().waiting).toBe(1)
    expect((await post('/done').send({ id: 'b', value: 2 })).status).toBe(200)
    await closing
    await expect(Promise.all(waits)).resolves.toEqual([1, 2])
    expect((await post('/done').send({ id: 'c' })).status).toBe(503)
  })

  test('with drain rejects what has not ended in time', async () => {
    const { hooks, clock } = hosts.start(config)
    const wait = hooks.wait('a')
    const closing = hooks.close({ drain: 5000 })
    clock.advance(4999)
    expect(hooks.stats().waiting).toBe(1)
    clock.advance(1)
    await closing
    await expect(wait).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
