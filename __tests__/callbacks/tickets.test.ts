import { describe, expect, test } from '@jest/globals'
import type { CallbacksOptions } from '../../lib'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const one = { listener: { path: '/done', identify_by: '${body.id}', result: '${body.value}' } }

/** The part of a URL that is requested. */
function target(url: string): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}

describe('a ticket', () => {
  test('has an id that nobody can guess, in the query of its URL', () => {
    const { hooks } = hosts.start(one)
    const tickets = Array.from({ length: 50 }, () => hooks.ticket())
    for (const { id, url } of tickets) {
      expect(id).toMatch(/^[\w-]{32}$/)
      expect(url).toBe(`http://localhost:8090/done?callback_id=${id}`)
    }
    expect(new Set(tickets.map(({ id }) => id)).size).toBe(50)
    expect(hooks.stats().waiting).toBe(50)
  })

  test('is settled by a callback to its URL, whatever identify_by finds in it', async () => {
    const { hooks, post } = await hosts.open(one)
    const other = hooks.wait('other')
    const { url, result } = hooks.ticket()
    expect((await post(target(url)).send({ id: 'other', value: 1 })).status).toBe(200)
    await expect(result).resolves.toBe(1)
    expect(hooks.stats()).toMatchObject({ waiting: 1, settled: 1 })
    await post('/done').send({ id: 'other', value: 2 })
    await expect(other).resolves.toBe(2)
  })

  test('is settled where identify_by finds nothing, or something that is no id', async () => {
    const { hooks, post } = await hosts.open(one)
    for (const body of [{ value: 1 }, { id: { a: 1 }, value: 1 }]) {
      const { url, result } = hooks.ticket()
      expect((await post(target(url)).send(body)).status).toBe(200)
      await expect(result).resolves.toBe(1)
    }
  })

  test('is a duplicate the second time', async () => {
    const { hooks, post } = await hosts.open(one)
    const { url, result } = hooks.ticket()
    await post(target(url)).send({ value: 1 })
    expect((await post(target(url)).send({ value: 2 })).status).toBe(200)
    await expect(result).resolves.toBe(1)
    expect(hooks.stats()).toMatchObject({ duplicate: 1, parked: 0 })
  })

  test('waits no longer than its timeout and its signal', async () => {
    const { hooks, clock } = hosts.start(one)
    const late = hooks.ticket({ timeout: '1s' })
    const left = hooks.ticket({ signal: AbortSignal.abort('gone') })
    clock.advance(1016)
    await expect(late.result).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
    await expect(left.result).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'gone' })
  })

  test('counts once when callback_id comes twice: neither is believed', async () => {
    const { hooks, post } = await hosts.open(one)
    const [first, second] = [hooks.ticket(), hooks.ticket()]
    const answer = await post(`/done?callback_id=${first.id}&callback_id=${second.id}`).send({ id: 'a' })
    expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_ID"}'])
    expect(hooks.stats()).toMatchObject({ waiting: 2, rejected: 1, parked: 0 })
  })

  test.each(['/done?callback_id=', '/done?my_callback_id=x'])('does not come from %s', async (path) => {
    const { hooks, post } = await hosts.open(one)
    const wait = hooks.wait('a')
    await post(path).send({ id: 'a', value: 1 })
    await expect(wait).resolves.toBe(1)
  })
})

describe('where there can be no ticket', () => {
  test('several endpoints need a path', () => {
    const { hooks } = hosts.start({ listener: { base_path: '/b', callbacks: [{ path: '/x' }, { path: '/y' }] } })
    const ambiguous = expect.objectContaining({ code: 'ERR_ENDPOINT_AMBIGUOUS' })
    expect(() => hooks.ticket()).toThrow(ambiguous)
    expect(hooks.stats().waiting).toBe(0)
    expect(hooks.ticket({ path: '/y' }).url).toMatch(/^http:\/\/localhost:8090\/b\/y\?callback_id=/)
  })

  test.each([
    { path: '/batch', bulk: true },
    { path: '/tasks/:id' },
    { path: '/files/*rest' },
    { path: '/done{/:id}' },
  ])('%j is refused, since its URL cannot carry one', (callback) => {
    const { hooks } = hosts.start({ listener: { callbacks: [callback] } })
    expect(() => hooks.ticket()).toThrow(expect.objectContaining({ code: 'ERR_ENDPOINT_AMBIGUOUS' }))
    expect(hooks.stats().waiting).toBe(0)
  })

  test('callback_id says nothing about the items of a bulk callback', async () => {
    const { hooks, post } = await hosts.open({ listener: { path: '/batch', bulk: true, identify_by: '${item.id}' } })
    const [wait, named] = [hooks.wait('a'), hooks.wait('t')]
    await post('/batch?callback_id=t').send([{ id: 'a' }])
    await expect(wait).resolves.toEqual({ id: 'a' })
    expect(hooks.stats().waiting).toBe(1)
    await hooks.close()
    await expect(named).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})

describe('the URL of a ticket', () => {
  const place = (config: object, options?: CallbacksOptions): string =>
    hosts.start(config, options).hooks.ticket().url.replace(/\?.*/, '')

  test.each<{ what: string; listener: object; options?: CallbacksOptions; expected: string }>([
    { what: 'the port of the listener', listener: { port: 9000 }, expected: 'http://localhost:9000/done' },
    { what: 'options.port', listener: { port: 9000 }, options: { port: 80 }, expected: 'http://localhost:80/done' },
    {
      what: 'options.publicUrl and options.mountPath',
      listener: { base_path: 'b' },
      options: { publicUrl: 'https://app.example/', mountPath: 'hooks/' },
      expected: 'https://app.example/hooks/b/done',
    },
    {
      what: 'public_url of the listener before options.publicUrl',
      listener: { public_url: 'https://hooks.example/in/' },
      options: { publicUrl: 'https://app.example' },
      expected: 'https://hooks.example/in/done',
    },
  ])('uses $what', ({ listener, options, expected }) => {
    expect(place({ listener: { path: '/done', ...listener } }, options)).toBe(expected)
  })

  const pathOf = (url: string): string => new URL(url).pathname

  test('has the mount path that the first request showed', async () => {
    const { hooks, post } = await hosts.open(one, {}, (app, mounted) => app.use('/api/hooks', mounted))
    expect(hooks.ticket().url).toMatch(/^http:\/\/localhost:8090\/done\?/)
    await post('/api/hooks/done').send({ id: 'a' })
    const { url, result } = hooks.ticket()
    expect(pathOf(url)).toBe('/api/hooks/done')
    await post(target(url)).send({ value: 'back' })
    await expect(result).resolves.toBe('back')
  })

  test('keeps that mount path when later requests come another way', async () => {
    const { hooks, post } = await hosts.open(one, {}, (app, mounted) => app.use('/api/hooks', mounted))
    await post('/api/hooks/done').send({ id: 'a' })
    await post('/API/Hooks/done').send({ id: 'b' })
    expect(pathOf(hooks.ticket().url)).toBe('/api/hooks/done')
  })

  test('has options.mountPath whatever requests show', async () => {
    const { hooks, post } = await hosts.open(one, { mountPath: '/fixed' }, (app, mounted) => app.use('/real', mounted))
    await post('/real/done').send({ id: 'a' })
    expect(pathOf(hooks.ticket().url)).toBe('/fixed/done')
  })
})
