import { expect, test } from '@jest/globals'
import type { ServiceRequest } from '../helpers/fake-service'
import { describeEditions } from './editions'
import { type Answer, PUBLIC_URLS, useWorlds } from './use-worlds'

/** 13.3.1: a slow service makes something, and a quick one works on what its callback brought. */
interface Words {
  readonly input: object
  /** Input with a size of its own. */
  readonly sized: object
  readonly size: string
  readonly defaultSize: string
  readonly slow: { readonly origin: string; readonly path: string; readonly token: string; readonly job: string }
  readonly quick: { readonly origin: string; readonly path: string; readonly token: string }
  readonly url: string
  readonly endpoint: string
  /** What the slow service is sent, and what it answers with an id of its own. */
  readonly asked: (size: string, runId: unknown) => object
  readonly runIdIn: (body: object) => unknown
  readonly accepted: (id: unknown) => object
  /** What it calls back with. */
  readonly done: (id: unknown, status: string) => object
  readonly successes: readonly string[]
  readonly failures: readonly string[]
  /** The output of its job. */
  readonly made: (id: unknown) => object
  /** What the quick service is sent and answers, and the output of the workflow. */
  readonly passedOn: object
  readonly answered: object
  readonly output: object
}

const EDITIONS: Readonly<Record<string, Words>> = {
  19: {
    input: { prompt: 'a cat' },
    sized: { prompt: 'a cat', size: '512x512' },
    size: '512x512',
    defaultSize: '1024x1024',
    slow: { origin: 'https://api.image-ai.com', path: '/v1/generate', token: 'Bearer image-key', job: 'generate' },
    quick: { origin: 'https://api.imageoptim.com', path: '/optimize', token: 'Bearer optim-key' },
    url: `${PUBLIC_URLS.ngrok}/webhooks/image/completed`,
    endpoint: 'POST /webhooks/image/completed',
    asked: (size, runId) => ({
      prompt: 'a cat',
      size,
      callback_url: `${PUBLIC_URLS.ngrok}/webhooks/image/completed`,
      task_id: runId,
    }),
    runIdIn: (body) => Object(body).task_id,
    accepted: (id) => ({ task_id: id, status: 'queued' }),
    done: (id, status) => ({
      task_id: id,
      status,
      output: { url: 'https://cdn.image-ai.com/cat.png', width: 1024, height: 768 },
    }),
    successes: ['completed', 'success'],
    failures: ['failed', 'error'],
    made: (id) => ({ task_id: id, image_url: 'https://cdn.image-ai.com/cat.png', width: 1024, height: 768 }),
    passedOn: { url: 'https://cdn.image-ai.com/cat.png', quality: 85 },
    answered: { url: 'https://cdn.imageoptim.com/cat.png', original_size: 1000, compressed_size: 400 },
    output: {
      final_url: 'https://cdn.imageoptim.com/cat.png',
      original_size: 1000,
      compressed_size: 400,
      savings: 600,
    },
  },
  'whole-two-steps': {
    input: { idea: 'a dog' },
    sized: { idea: 'a dog', size: '64x64' },
    size: '64x64',
    defaultSize: '640x480',
    slow: { origin: 'https://paint.example', path: '/v2/draw', token: 'Bearer paint-key', job: 'draw' },
    quick: { origin: 'https://press.example', path: '/shrink', token: 'Bearer press-key' },
    url: `${PUBLIC_URLS.ngrok}/hooks/drawn`,
    endpoint: 'POST /hooks/drawn',
    asked: (size, runId) => ({ idea: 'a dog', size, tell: `${PUBLIC_URLS.ngrok}/hooks/drawn`, order: runId }),
    runIdIn: (body) => Object(body).order,
    accepted: (id) => ({ order: id }),
    done: (id, outcome) => ({ order: id, outcome, file: { link: 'https://paint.example/dog.png', bytes: 90 } }),
    successes: ['ready', 'partial'],
    failures: ['broken'],
    made: (id) => ({ order: id, link: 'https://paint.example/dog.png' }),
    passedOn: { link: 'https://paint.example/dog.png', quality: 70 },
    answered: { link: 'https://press.example/dog.png', before: '90', after: 60 },
    output: { link: 'https://press.example/dog.png', saved: 30 },
  },
}

const worlds = useWorlds()

describeEditions('one slow step and one quick one', EDITIONS, (config, words) => {
  const { slow, quick, url, input } = words
  const runIdOf = ({ body }: ServiceRequest) => words.runIdIn(Object(body))
  const acceptUnderRunId: Answer = (request) => ({ status: 202, body: words.accepted(runIdOf(request)) })

  const open = (answerSlow = acceptUnderRunId, answerQuick: Answer = () => ({ body: words.answered })) =>
    worlds.open(config(), { [slow.origin]: answerSlow, [quick.origin]: answerQuick })

  test.each(words.successes)('runs from the request over the callback (%s) to the output', async (status) => {
    const { hooks, service, next, send } = await open()
    const output = hooks.run(input)
    const { job } = await next('job', (event) => event.status === 'waiting')
    expect(job).toBe(slow.job)

    const [asked] = service(slow.origin).requests
    expect(asked).toMatchObject({ method: 'POST', path: slow.path, headers: { authorization: slow.token } })
    const id = words.runIdIn(Object(asked?.body))
    expect(asked?.body).toEqual(words.asked(words.defaultSize, id))
    expect(service(quick.origin).requests).toEqual([])

    await expect(send(url, words.done(id, status))).resolves.toEqual({ status: 200, text: '' })
    await expect(output).resolves.toEqual(words.output)
    const [passedOn, ...others] = service(quick.origin).requests
    expect(others).toEqual([])
    expect(passedOn).toMatchObject({ method: 'POST', path: quick.path, headers: { authorization: quick.token } })
    expect(passedOn?.body).toEqual(words.passedOn)
  })

  test('sends the size of the input in place of the default', async () => {
    const { hooks } = await open(async (request, { send }) => {
      expect(request.body).toEqual(words.asked(words.size, runIdOf(request)))
      await send(url, words.done(runIdOf(request), words.successes[0] ?? ''))
      return { status: 202, body: words.accepted(runIdOf(request)) }
    })
    await expect(hooks.run(words.sized)).resolves.toEqual(words.output)
  })

  test("takes the service's own id, the callback's values, and nothing else into the output of the first job", async () => {
    const { hooks, next, send } = await worlds.open(config({ workflow: { output: `\${jobs.${slow.job}.output}` } }), {
      [slow.origin]: () => ({ status: 202, body: words.accepted('task-123') }),
      [quick.origin]: () => ({ body: words.answered }),
    })
    const output = hooks.run(input)
    await next('job', ({ status }) => status === 'waiting')
    await send(url, words.done('task-123', words.successes[0] ?? ''))
    await expect(output).resolves.toEqual(words.made('task-123'))
  })

  test('goes on waiting while the service says that it is at work', async () => {
    const { hooks, service, next, send } = await open()
    const output = hooks.run(input)
    await next('job', ({ status }) => status === 'waiting')
    const id = runIdOf(await service(slow.origin).received())
    for (const status of ['processing', 'halfway']) expect((await send(url, words.done(id, status))).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ waiting: 1, pending: 2, settled: 0 })
    await send(url, words.done(id, words.successes[0] ?? ''))
    await expect(output).resolves.toEqual(words.output)
  })

  test.each(words.failures)('fails when the callback says %s, and never calls the second service', async (status) => {
    const { hooks, service, send } = await open(async (request, world) => {
      await world.send(url, words.done(runIdOf(request), status))
      return { status: 202, body: words.accepted(runIdOf(request)) }
    })
    const error: unknown = await hooks.run(input).catch((reason: unknown) => reason)
    const id = runIdOf(await service(slow.origin).received())
    expect(error).toMatchObject({
      code: 'ERR_CALLBACK_FAILED',
      message: expect.stringContaining(
        `Job "${slow.job}" failed: ${words.endpoint} received the status "${status}" for "${String(id)}": {"`,
      ),
      status,
      id,
      body: words.done(id, status),
      endpoint: words.endpoint,
    })
    // The failure was the end of it: a success that comes after it is not believed.
    expect((await send(url, words.done(id, words.successes[0] ?? ''))).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ waiting: 0, failed: 1, duplicate: 1 })
    expect(service(quick.origin).requests).toEqual([])
  })

  test('fails when the second service refuses; its token is not in the error', async () => {
    const { hooks, next, service, send } = await open(acceptUnderRunId, ({ headers }) => ({
      status: 401,
      body: { error: `who is ${headers.authorization}?` },
    }))
    const output = hooks.run(input)
    const rejection = output.catch((reason: unknown) => reason)
    await next('job', ({ status }) => status === 'waiting')
    await send(url, words.done(runIdOf(await service(slow.origin).received()), words.successes[0] ?? ''))
    const error = await rejection
    expect(error).toMatchObject({ code: 'ERR_HTTP_STATUS', status: 401 })
    expect(JSON.stringify([String(error), error])).not.toContain(quick.token.replace('Bearer ', ''))
  })

  test('runs more tasks at once than it takes callbacks at once', async () => {
    const count = 12
    const { hooks, service, send } = await open()
    const outputs = Array.from({ length: count }, () => hooks.run(input))
    await service(slow.origin).received(count)
    const ids = service(slow.origin).requests.map(runIdOf)
    const answers = await Promise.all(ids.map((id) => send(url, words.done(id, words.successes[0] ?? ''))))
    expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 200))
    await expect(Promise.all(outputs)).resolves.toEqual(ids.map(() => words.output))
    expect(new Set(ids).size).toBe(count)
    expect(service(quick.origin).requests).toHaveLength(count)
  })
})
