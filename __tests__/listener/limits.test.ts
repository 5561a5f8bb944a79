import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

describe('body_limit', () => {
  const padded = (bytes: number): string => JSON.stringify({ id: 'a', pad: 'x'.repeat(bytes - 19) })

  test.each([
    { limit: undefined, bytes: 1024 * 1024 },
    { limit: '2kb', bytes: 2048 },
    { limit: 100, bytes: 100 },
  ])('$limit takes $bytes bytes and not one more', async ({ limit, bytes }) => {
    const { hooks, post } = await hosts.open({
      listener: { path: '/done', identify_by: '${body.id}', ...(limit === undefined ? {} : { body_limit: limit }) },
    })
    expect(padded(bytes).length).toBe(bytes)
    const wait = hooks.wait('a')
    const refused = await post('/done')
      .type('json')
      .send(padded(bytes + 1))
    expect([refused.status, refused.text]).toEqual([413, '{"error":"ERR_BODY_TOO_LARGE"}'])
    expect(hooks.stats()).toMatchObject({ waiting: 1, received: 0, rejected: 1 })
    expect((await post('/done').type('json').send(padded(bytes))).status).toBe(200)
    await expect(wait).resolves.toMatchObject({ id: 'a' })
  })
})

describe('parking', () => {
  const open = (park: object): ReturnType<typeof hosts.open> =>
    hosts.open({
      listener: {
        callbacks: [
          { path: '/x', identify_by: '${body.id}' },
          { path: '/y', identify_by: '${body.id}' },
        ],
      },
      store: { park },
    })

  test('that is full is 503; nothing is pushed out, and each endpoint has its own', async () => {
    const { hooks, post } = await open({ max: 2 })
    for (const id of ['a', 'b']) expect((await post('/x').send({ id })).status).toBe(200)
    const full = await post('/x').send({ id: 'c' })
    expect([full.status, full.text]).toEqual([503, '{"error":"ERR_PARKING_FULL"}'])
    expect(Number(full.headers['retry-after'])).toBeGreaterThan(0)
    expect((await post('/y').send({ id: 'c' })).status).toBe(200)
    await expect(Promise.all(['a', 'b'].map((id) => hooks.wait(id)))).resolves.toEqual([{ id: 'a' }, { id: 'b' }])
    expect((await post('/x').send({ id: 'c' })).status).toBe(200)
  })

  test('that is full still takes what somebody waits for, duplicates, and what has no id', async () => {
    const { hooks, post } = await open({ max: 1 })
    await post('/x').send({ id: 'a' })
    const wait = hooks.wait('b')
    for (const id of ['b', 'b', 'a', null]) expect((await post('/x').send({ id })).status).toBe(200)
    await expect(wait).resolves.toEqual({ id: 'b' })
    expect(hooks.stats()).toMatchObject({ parked: 1, duplicate: 2, unidentified: 1, rejected: 0 })
  })

  test('is limited in bytes too', async () => {
    const { hooks, post } = await open({ max_bytes: '10kb' })
    const pad = 'x'.repeat(4000)
    for (const id of ['a', 'b']) expect((await post('/x').send({ id, pad })).status).toBe(200)
    expect((await post('/x').send({ id: 'c', pad })).status).toBe(503)
    expect((await post('/x').send({ id: 'd' })).status).toBe(200)
    await hooks.wait('a')
    expect((await post('/x').send({ id: 'c', pad })).status).toBe(200)
  })

  test('has room again when its time is over', async () => {
    const { hooks, post, clock } = await open({ max: 1, for: '1m' })
    await post('/x').send({ id: 'a' })
    expect((await post('/x').send({ id: 'b' })).status).toBe(503)
    clock.advance(61_000)
    expect((await post('/x').send({ id: 'b' })).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ parked: 1, expired: 1 })
  })
})

describe('max_concurrent_count', () => {
  const items = Array.from({ length: 60_000 }, (_, id) => id)
  const listener = { path: '/batch', bulk: true, identify_by: '${item}', status: 'running', success_when: 'done' }
  const open = (limits: object): ReturnType<typeof hosts.open> => {
    const config: CallbacksConfig = { listener: { ...listener, ...limits } }
    return hosts.open(config)
  }

  test('lets the others queue, and refuses those that find the queue full', async () => {
    const { hooks, post } = await open({ max_concurrent_count: 1, max_queue: 1 })
    const finished: string[] = []
    const long = post('/batch')
      .send(items)
      .then((answer) => void finished.push(`long ${answer.status}`))
    await new Promise<void>((resolve) => void hooks.on('pending', () => resolve()))
    const short = [1, 2, 3].map(() =>
      post('/batch')
        .send([1])
        .then((answer) => {
          finished.push(`short ${answer.status}`)
          return answer
        }),
    )
    const answers = await Promise.all(short)
    await long
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 503, 503])
    expect(finished).toEqual(['short 503', 'short 503', 'long 200', 'short 200'])
    const refused = answers.find(({ status }) => status === 503)
    expect(refused?.text).toBe('{"error":"ERR_QUEUE_FULL"}')
    expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0)
    expect((await post('/batch').send([1])).status).toBe(200)
  })

  test('frees its place after a refusal', async () => {
    const { post } = await open({ max_concurrent_count: 1, max_queue: 0 })
    for (let count = 0; count < 3; count += 1) expect((await post('/batch').send({})).status).toBe(400)
    expect((await post('/batch').send([1])).status).toBe(200)
  })

  test('is not there by default: a long request keeps nobody waiting', async () => {
    const { hooks, post } = await open({})
    const finished: string[] = []
    const long = post('/batch')
      .send(items)
      .then(() => void finished.push('long'))
    await new Promise<void>((resolve) => void hooks.on('pending', () => resolve()))
    await post('/batch')
      .send([1])
      .then(() => void finished.push('short'))
    await long
    expect(finished).toEqual(['short', 'long'])
  })
})
