import { describe, expect, test } from '@jest/globals'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const config = {
  listener: {
    base_path: '/hooks',
    callbacks: [
      { path: '/one', identify_by: '${body.id}', result: 'one ${body.value}' },
      { path: '/two', identify_by: '${body.id}', result: 'two ${body.value}' },
    ],
  },
}

test('a wait without path is ended by any endpoint', async () => {
  const { hooks, post } = await hosts.open(config)
  const [first, second] = [hooks.wait('a'), hooks.wait('b')]
  await post('/hooks/two').send({ id: 'a', value: 1 })
  await post('/hooks/one').send({ id: 'b', value: 2 })
  await expect(Promise.all([first, second])).resolves.toEqual(['two 1', 'one 2'])
})

test('a wait with path is not ended by another endpoint, which keeps its callback for somebody else', async () => {
  const { hooks, post } = await hosts.open(config)
  const wait = hooks.wait('a', { path: '/one' })
  expect((await post('/hooks/two').send({ id: 'a', value: 1 })).status).toBe(200)
  expect(hooks.stats()).toMatchObject({ waiting: 1, parked: 1 })
  await post('/hooks/one').send({ id: 'a', value: 2 })
  await expect(wait).resolves.toBe('one 2')
  await expect(hooks.wait('a', { path: '/two' })).resolves.toBe('two 1')
})

test.each(['/one', 'one', '/hooks/one', 'hooks/one/', '/HOOKS/One'])('the path may be written as %s', async (path) => {
  const { hooks, post } = await hosts.open(config)
  const wait = hooks.wait('a', { path })
  await post('/hooks/one').send({ id: 'a', value: 1 })
  await expect(wait).resolves.toBe('one 1')
})

describe('one callback', () => {
  test('ends the waits for its endpoint and those for any', async () => {
    const { hooks, post } = await hosts.open(config)
    const waits = [hooks.wait('a'), hooks.wait('a', { path: '/one' })]
    const other = hooks.wait('a', { path: '/two' })
    await post('/hooks/one').send({ id: 'a', value: 1 })
    await expect(Promise.all(waits)).resolves.toEqual(['one 1', 'one 1'])
    expect(hooks.stats()).toMatchObject({ waiting: 1, settled: 2 })
    await post('/hooks/two').send({ id: 'a', value: 2 })
    await expect(other).resolves.toBe('two 2')
  })

  test('for a settled wait without path is a duplicate at every endpoint', async () => {
    const { hooks, post } = await hosts.open(config)
    const wait = hooks.wait('a')
    await post('/hooks/one').send({ id: 'a', value: 1 })
    await wait
    await post('/hooks/one').send({ id: 'a', value: 2 })
    await post('/hooks/two').send({ id: 'a', value: 3 })
    expect(hooks.stats()).toMatchObject({ duplicate: 2, parked: 0 })
  })

  test('that was settled is one again for a new wait on another path only when its endpoint is waited for', async () => {
    const { hooks, post } = await hosts.open(config)
    const wait = hooks.wait('a', { path: '/one' })
    await post('/hooks/one').send({ id: 'a', value: 1 })
    await wait
    const other = hooks.wait('a', { path: '/two' })
    await post('/hooks/one').send({ id: 'a', value: 2 })
    expect(hooks.stats()).toMatchObject({ duplicate: 1, waiting: 1 })
    await post('/hooks/two').send({ id: 'a', value: 3 })
    await expect(other).resolves.toBe('two 3')
  })
})

test('the longest timeout of the endpoints holds for a wait without path', async () => {
  const { hooks, clock } = hosts.start({
    listener: {
      callbacks: [
        { path: '/short', timeout: '1s' },
        { path: '/long', timeout: '1m' },
      ],
    },
  })
  const wait = hooks.wait('a')
  clock.advance(59_000)
  expect(hooks.stats().waiting).toBe(1)
  clock.advance(1016)
  await expect(wait).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
  expect(hooks.stats().expired).toBe(1)
})

test('there is nothing to wait for without a callback', () => {
  const { hooks } = hosts.start({ listener: { port: 8090 } })
  expect(() => hooks.wait('a')).toThrow(expect.objectContaining({ code: 'ERR_ENDPOINT_UNKNOWN' }))
})
