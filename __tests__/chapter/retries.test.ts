import { expect, test } from '@jest/globals'
import { describeEditions } from './editions'
import { type Answer, useWorlds, type World } from './use-worlds'

/** 13.4: a job that fails is done again by its `on_error`, which tries several times. */
interface Words {
  readonly job: string
  readonly component: string
  readonly standIn: string
  readonly maxAttempts: number
  readonly delayMs: number
}

const EDITIONS: Readonly<Record<string, Words>> = {
  24: { job: 'async-task', component: 'async-service', standIn: 'retry', maxAttempts: 3, delayMs: 5000 },
  'workflow-retry': { job: 'order', component: 'print-shop', standIn: 'again', maxAttempts: 4, delayMs: 2000 },
}

const worlds = useWorlds()
const SERVICE = 'https://service.example'

describeEditions('a job with on_error', EDITIONS, (config, { job, component, standIn, maxAttempts, delayMs }) => {
  const path = `${job}/on_error/${standIn}`
  const request = { base_url: SERVICE, path: '/tasks', body: { input: '${input}', run: '${context.run_id}' } }
  const listener = {
    path: '/done',
    identify_by: '${body.run}',
    status: '${body.status}',
    success_when: 'ok',
    fail_when: 'bad',
    result: '${body.result}',
  }

  /** Opens a world, and notes when the requests came, in milliseconds from its start. */
  async function open(answer: Answer, body: object = {}) {
    const times: number[] = []
    const components = { [component]: { ...request, body: { ...request.body, ...body } } }
    const world = await worlds.open(config({ components, listener }), {
      [SERVICE]: (sent, current) => {
        times.push(current.clock.now() - start)
        return answer(sent, current)
      },
    })
    const start = world.clock.now()
    return { ...world, times }
  }

  /** Lets every pause between two attempts pass, to the millisecond. */
  async function passPauses({ clock, next, service }: World, pauses: number): Promise<void> {
    for (let pause = 1; pause <= pauses; pause += 1) {
      await next('job', (event) => event.job === path && event.status === 'retrying')
      clock.advance(delayMs - 1)
      expect(service(SERVICE).requests).toHaveLength(pause + 1)
      clock.advance(1)
    }
  }

  test('sends once itself and then as often as retry says, so far apart, before it gives up', async () => {
    const { times, ...world } = await open(() => ({ status: 503, body: 'busy' }))
    const { hooks, service, next } = world
    const told: string[] = []
    hooks.on('job', (event) => void told.push(`${event.job} ${event.status} ${event.attempt}`))
    const failed = next('task', ({ status }) => status === 'failed')
    const rejection = expect(hooks.run('do it')).rejects.toMatchObject({
      code: 'ERR_HTTP_STATUS',
      status: 503,
      message: expect.stringMatching(`^Job "${standIn}" failed: .* answered 503`),
    })
    await passPauses(world, maxAttempts - 1)
    await failed
    await rejection

    expect(times).toEqual([0, ...Array.from({ length: maxAttempts }, (_, retry) => retry * delayMs)])
    const bodies = service(SERVICE).requests.map(({ body }) => Object(body))
    expect(bodies.map(({ input }) => input)).toEqual(bodies.map(() => 'do it'))
    expect(new Set(bodies.map(({ run }) => run)).size).toBe(maxAttempts + 1)
    const retries = Array.from({ length: maxAttempts - 1 }, (_, n) => [
      `${path} retrying ${n + 1}`,
      `${path} running ${n + 2}`,
    ])
    expect(told).toEqual([
      `${job} running 1`,
      `${job} failed 1`,
      `${path} running 1`,
      ...retries.flat(),
      `${path} failed ${maxAttempts}`,
    ])
  })

  test('stops as soon as an attempt goes well; its output stands in', async () => {
    const { times, ...world } = await open((_, { service }) =>
      service(SERVICE).requests.length < 3 ? { status: 500 } : { body: { made: 'at last' } },
    )
    const output = world.hooks.run()
    await passPauses(world, 1)
    await expect(output).resolves.toEqual({ made: 'at last' })
    expect(times).toEqual([0, 0, delayMs])
  })

  test('is not needed when the job goes well', async () => {
    const { times, hooks } = await open(() => ({ body: { made: 'at once' } }))
    await expect(hooks.run()).resolves.toEqual({ made: 'at once' })
    expect(times).toEqual([0])
  })

  test('asks again when a callback tells of a failure; a late callback for the first attempt changes nothing', async () => {
    const answers = ['bad', 'bad', 'ok']
    const { times, ...world } = await open(
      async ({ body }, { post, service }) => {
        const count = service(SERVICE).requests.length
        const sent = { run: Object(body).run, status: answers[count - 1], result: `attempt ${count}` }
        expect((await post('/done').send(sent)).status).toBe(200)
        return { status: 202 }
      },
      { callback_url: 'http://localhost:8090/done' },
    )
    const output = world.hooks.run()
    await passPauses(world, 1)
    await expect(output).resolves.toBe('attempt 3')
    const [first] = world.service(SERVICE).requests
    await world.post('/done').send({ run: Object(first?.body).run, status: 'ok', result: 'too late' })
    expect(world.hooks.stats()).toMatchObject({ failed: 2, settled: 1, duplicate: 1, waiting: 0 })
    expect(times).toEqual([0, 0, delayMs])
  })

  test('loads without the component, with a warning, and fails when it runs, without asking in vain', async () => {
    const { hooks, log } = await worlds.open(config())
    const warnings = log.filter(({ level }) => level === 'warn').map(({ message }) => message)
    expect(warnings).toHaveLength(2)
    for (const warning of warnings) expect(warning).toContain(component)
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_COMPONENT_UNKNOWN',
      message: `Job "${standIn}" failed: There is no component "${component}"; define one in "components"`,
    })
  })
})
