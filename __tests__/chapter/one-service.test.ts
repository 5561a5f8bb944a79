import { expect, test } from '@jest/globals'
import { describeEditions } from './editions'
import { type Answer, PUBLIC_URLS, useWorlds } from './use-worlds'

/** 13.2.2: one job sends its callback URL through a tunnel to a service, and goes on when that calls back. */
interface Words {
  readonly origin: string
  readonly path: string
  readonly port: number
  readonly input: object
  /** What is sent beside the callback URL and the run id. */
  readonly sent: object
  /** The keys of the request under which these two stand. */
  readonly urlKey: string
  readonly runKey: string
  readonly url: string
  /** The key of the id in the answer and in the callback, and that of the result in the callback. */
  readonly idKey: string
  readonly resultKey: string
}

const EDITIONS: Readonly<Record<string, Words>> = {
  12: {
    origin: 'https://api.external-service.com',
    path: '/process',
    port: 8090,
    input: { data: 1 },
    sent: { data: 1 },
    urlKey: 'callback_url',
    runKey: 'callback_id',
    url: `${PUBLIC_URLS.ngrok}/callback`,
    idKey: 'task_id',
    resultKey: 'result',
  },
  'whole-single': {
    origin: 'https://print.example',
    path: '/orders',
    port: 7001,
    input: { text: 'hello' },
    sent: { text: 'hello' },
    urlKey: 'tell',
    runKey: 'order',
    url: `${PUBLIC_URLS.ngrok}/printed`,
    idKey: 'order',
    resultKey: 'sheet',
  },
}

const worlds = useWorlds()

describeEditions('one service behind a tunnel', EDITIONS, (config, words) => {
  const { origin, input, urlKey, runKey, idKey, resultKey } = words
  const accepted = (id: unknown) => ({ status: 202, body: { [idKey]: id, state: 'queued' } })
  const done = (id: unknown) => ({ [idKey]: id, [resultKey]: { state: 'done', pages: 3 } })
  /** The answer, over it the callback's result. */
  const outputFor = (id: unknown) => ({ [idKey]: id, state: 'done', pages: 3 })

  /** Opens a world whose service is this one. */
  const open = (answer: Answer) => worlds.open(config(), { [origin]: answer })

  test('opens the tunnel before the service is called, and logs its URL', async () => {
    const { hooks, tunnels, log, service, send } = await open((request, world) => {
      expect(world.tunnels).toHaveLength(1)
      return { body: request.body }
    })
    await hooks.open()
    expect(tunnels).toMatchObject([{ port: words.port }])
    expect(log.map(({ level, message }) => `${level} ${message}`)).toContain(
      `info [Gateway] Public URL: ${PUBLIC_URLS.ngrok}`,
    )
    const output = hooks.run(input)
    const { body } = await service(origin).received()
    await send(words.url, done(Object(body)[runKey]))
    await output
    expect(tunnels).toHaveLength(1)
  })

  test('tells the service the public callback URL and the run id', async () => {
    const { hooks, service, next, send } = await open(() => accepted('task-123'))
    const output = hooks.run(input)
    const { ids = [] } = await next('job', ({ status }) => status === 'waiting')
    const { method, path, headers, body } = await service(origin).received()
    expect([method, path, headers['content-type']]).toEqual(['POST', words.path, 'application/json'])
    expect(body).toEqual({ ...words.sent, [urlKey]: words.url, [runKey]: expect.stringMatching(/^[\da-f-]{36}$/) })
    expect(ids).toEqual([Object(body)[runKey], 'task-123'])
    await send(words.url, done('task-123'))
    await output
  })

  test.each(['the id of its own that it answered with', 'the run id that it was sent'])(
    'goes on with the answer and the result when the service calls back with %s',
    async (which) => {
      const { hooks, service, next, send } = await open(() => accepted('task-123'))
      const output = hooks.run(input)
      await next('job', ({ status }) => status === 'waiting')
      expect(hooks.stats()).toMatchObject({ waiting: 1 })
      const { body } = await service(origin).received()
      const id = which.includes('own') ? 'task-123' : Object(body)[runKey]
      await expect(send(Object(body)[urlKey], done(id))).resolves.toEqual({ status: 200, text: '' })
      await expect(output).resolves.toEqual(outputFor('task-123'))
      expect(hooks.stats()).toMatchObject({ waiting: 0, settled: 1, parked: 0 })
    },
  )

  test.each(['the id of its own that it will answer with', 'the run id that it was sent'])(
    'goes on as well when the callback comes before the answer, with %s',
    async (which) => {
      const { hooks } = await open(async ({ body }, { send }) => {
        const id = which.includes('own') ? 'task-123' : Object(body)[runKey]
        await expect(send(Object(body)[urlKey], done(id))).resolves.toEqual({ status: 200, text: '' })
        return accepted('task-123')
      })
      await expect(hooks.run(input)).resolves.toEqual(outputFor('task-123'))
      expect(hooks.stats()).toMatchObject({ waiting: 0, parked: 0 })
    },
  )

  test('believes a callback once, under whichever of its ids it comes again', async () => {
    const { hooks, service, next, send } = await open(() => accepted('task-123'))
    const output = hooks.run(input)
    await next('job', ({ status }) => status === 'waiting')
    const { body } = await service(origin).received()
    for (const id of ['task-123', 'task-123', Object(body)[runKey]]) {
      await expect(send(words.url, done(id))).resolves.toEqual({ status: 200, text: '' })
    }
    await expect(output).resolves.toEqual(outputFor('task-123'))
    expect(hooks.stats()).toMatchObject({ settled: 1, duplicate: 2, parked: 0 })
    expect(service(origin).requests).toHaveLength(1)
  })

  test('hands each of many runs its own result, in whatever order the callbacks come', async () => {
    const count = 20
    const { hooks, service, send } = await open(({ body }) => accepted(`task of ${Object(body)[runKey]}`))
    const outputs = Array.from({ length: count }, () => hooks.run(input))
    await service(origin).received(count)
    const runs = service(origin).requests.map(({ body }) => String(Object(body)[runKey]))
    for (const run of runs.toReversed()) await send(words.url, { [idKey]: run, [resultKey]: { run } })
    const ended = await Promise.all(outputs)
    expect(new Set(ended.map((output) => Object(output).run))).toEqual(new Set(runs))
    for (const output of ended) expect(output).toMatchObject({ [idKey]: `task of ${Object(output).run}` })
  })

  test('fails with the status and the beginning of the body when the service refuses', async () => {
    const { hooks } = await open(() => ({ status: 422, body: { error: 'no such thing' } }))
    await expect(hooks.run(input)).rejects.toMatchObject({
      code: 'ERR_HTTP_STATUS',
      status: 422,
      body: { error: 'no such thing' },
      message: expect.stringContaining(`POST ${origin}${words.path} answered 422 Unprocessable Entity`),
    })
    expect(hooks.stats().waiting).toBe(0)
  })
})
