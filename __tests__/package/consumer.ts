import { createServer } from 'node:http'
import express from 'express'
import {
  CallbackError,
  type CallbackEvent,
  type Callbacks,
  type CallbacksConfig,
  type Clock,
  callbacks,
  ConfigError,
  defineComponent,
  defineConfig,
  defineListener,
  defineWorkflow,
  type Delivery,
  type ErrorCode,
  type FullResult,
  type GatewayStatus,
  loadConfig,
  type Outcome,
  parseConfig,
  type PostgresPool,
  type Problem,
  type Progress,
  type Stats,
  type Task,
  type TaskState,
  type Ticket,
  type TunnelDriver,
} from 'express-callbacks'

/** True when the types are the same; never true for `any`. */
type Same<A, B> = 0 extends 1 & A ? false : [A, B] extends [B, A] ? true : false

interface Image {
  readonly url: string
}

const config = defineConfig({
  listener: {
    port: 8090,
    base_path: '/hooks',
    callbacks: [
      {
        path: '/image',
        method: 'POST',
        identify_by: '${body.id}',
        status: '${body.status}',
        success_when: ['done'],
        fail_when: 'failed',
        result: { url: '${body.image.url}', seconds: '${body.ms / 1000}' },
        timeout: '1h',
      },
    ],
  },
})
true satisfies Same<typeof config, CallbacksConfig>

// What callbacks() takes.
const hooks = callbacks({ listener: { path: '/done', identify_by: '${body.id}' } })
true satisfies Same<typeof hooks, Callbacks>
callbacks(config)
callbacks(loadConfig('callbacks.yml'))
callbacks(loadConfig(['callbacks.yml', 'more.yml'], { env: { KEY: 'x', OTHER: undefined } }))
callbacks(parseConfig('listener: { path: /done }'), { logger: console, env: process.env })

const mine: TunnelDriver = async ({ port }) => ({
  publicUrl: `https://${port}.example`,
  closed: new Promise(() => undefined),
  close: async () => undefined,
})
callbacks(config, { tunnels: { mine }, fetch })

const clock: Clock = { now: () => 0, setTimeout: (callback) => callback, clearTimeout: () => undefined }
callbacks(config, { clock, mountPath: '/hooks', publicUrl: 'https://app.example', port: 3000 })

// Where it is mounted.
const app = express()
app.use(callbacks({ listener: { path: '/done' } }))
app.use('/hooks', hooks)
app.post('/done', hooks)
app.use(hooks.router(8090))
express.Router().use(hooks)
createServer(hooks)
hooks.createServer(app).listen(0)
hooks.createServer().listen(0)

// What it gives.
async function useIt(signal: AbortSignal): Promise<void> {
  const unknownResult = await hooks.wait('a')
  true satisfies Same<typeof unknownResult, unknown>

  const text = await hooks.wait<string>('a', { timeout: '5m', path: '/done', signal })
  true satisfies Same<typeof text, string>

  const image = await hooks.wait<Image>(['a', 7], { timeout: 1000, onProgress: ({ status }) => status?.toUpperCase() })
  true satisfies Same<typeof image, Image>

  const full = await hooks.wait<Image>('a', { full: true })
  true satisfies Same<typeof full, FullResult<Image>>
  true satisfies Same<typeof full.result, Image>
  true satisfies Same<typeof full.body, unknown>
  true satisfies Same<typeof full.receivedAt, number>

  const ticket = hooks.ticket<string>({ path: '/done', timeout: '1h' })
  true satisfies Same<typeof ticket, Ticket<string>>
  const result = await ticket.result
  true satisfies Same<typeof result, string>

  const delivery = await hooks.settle('a', { url: 'x' }, { path: '/done' })
  true satisfies Same<typeof delivery, Delivery>
  await hooks.fail(7, new Error('no'))

  const rendered = await hooks.render('${env.HOME}', { body: {} })
  true satisfies Same<typeof rendered, unknown>

  const painted = await hooks.run<Image>({ prompt: 'a cat' }, { workflow: 'paint', timeout: '5m' })
  true satisfies Same<typeof painted, Image>
  true satisfies Same<ReturnType<typeof hooks.run>, Promise<unknown>>
  const task = await hooks.submit<Image>({ prompt: 'a cat' }, { signal: new AbortController().signal })
  true satisfies Same<typeof task, Task<Image>>
  true satisfies Same<Awaited<ReturnType<typeof task.result>>, Image>
  const state = await hooks.task(task.id)
  true satisfies Same<typeof state, TaskState | undefined>
  true satisfies Same<typeof hooks.gateways, ReadonlyMap<number, GatewayStatus>>
  express().use('/_callbacks', hooks.controller)

  const { ports, close } = await hooks.listen({ controller: false })
  true satisfies Same<typeof ports, readonly number[]>
  await close()
  await hooks.open()
  await hooks.close({ drain: 1000 })
}
void useIt

const stats: Stats = hooks.stats()
true satisfies Same<typeof stats.waiting, number>
stats.endpoints['POST /done']?.settled.toFixed()

// Events know what they carry.
hooks
  .on('settled', (event) => {
    true satisfies Same<typeof event, CallbackEvent>
    true satisfies Same<typeof event.id, string | undefined>
    true satisfies Same<typeof event.endpoint, string>
    true satisfies Same<typeof event.outcome, Outcome | Progress | undefined>
  })
  .on('task', ({ task, status }) => (true satisfies Same<typeof status, TaskState['status']>) && task)
  .on('job', ({ job, attempt, ids }) => [job, attempt.toFixed(), ids?.join()].join())
  .on('started', ({ task, endpoint }) => task + endpoint)
  .on('gateway', (status) => true satisfies Same<typeof status, GatewayStatus>)
  .on('warning', ({ code, message, at }) => [code, message, at].join())
  .on('error', ({ error, message }) => true satisfies Same<[typeof error, typeof message], [unknown, string]>)

const listener = ({ endpoint }: CallbackEvent): void => void endpoint
hooks.on('parked', listener).off('parked', listener)

// @ts-expect-error There is no such event.
hooks.on('settld', () => undefined)
// @ts-expect-error A warning has no id.
hooks.on('warning', ({ id }) => id)
// @ts-expect-error An id is a text or a number.
void hooks.wait({ id: 'a' })
// @ts-expect-error "timeout" is misspelled.
void hooks.wait('a', { timout: '5m' })
// @ts-expect-error There is no such key.
callbacks({ listener: { pth: '/done' } })
// @ts-expect-error There is no such type of listener.
callbacks({ listener: { path: '/done', type: 'http' } })

/** Errors can be told apart by class and code. */
export function explain(error: unknown): string {
  if (error instanceof ConfigError) {
    const problems: readonly Problem[] = error.problems
    return problems.map(({ code, message, at, location }) => [location?.line, at, code, message].join(' ')).join('\n')
  }
  if (!(error instanceof CallbackError)) return 'another'
  true satisfies Same<typeof error.code, ErrorCode>
  // @ts-expect-error There is no such code.
  if (error.code === 'ERR_TIMEOUT') return error.message
  if (error.code !== 'ERR_CALLBACK_FAILED') return error.message
  true satisfies Same<typeof error.body, unknown>
  return `${error.endpoint ?? ''} ${error.status ?? ''} ${error.id ?? ''}`
}

// Parts of a config, each with its type.
const parts = {
  listener: defineListener({ path: '/done', method: 'put', timeout: '1.5h' }),
  component: defineComponent({ path: 'https://api.example.com', timeout: '${env.LIMIT}' }),
  workflow: defineWorkflow({ jobs: [{ component: 'paint', retry: { delay: '2 s' } }] }),
}
callbacks(parts)
callbacks({ gateway: { port: '8090', driver: 'mine' }, store: 'memory' }, { tunnels: { mine } })
callbacks({ listener: { path: '/done', verify: 'fal' } })

// A store whose client the app has needs no URL.
declare const pool: PostgresPool
callbacks({ store: { type: 'postgres', prefix: 'mine' } }, { pool })
callbacks({ ...parts, store: 'postgres' }, { pool })

// The environment may say which driver, scheme or type it is; then any key of any of them may stand beside it.
callbacks({ listener: { path: '/done', verify: { scheme: '${env.SCHEME}', secret: 'x', topic: 'arn:x' } } })
callbacks({ gateway: { driver: '${env.DRIVER}', port: 8090, authtoken: 'x', connection: { host: 'a.example' } } })
callbacks({ store: { type: '${env.STORE}', url: 'redis://localhost' } })

// One id, a list of ids, or branches.
defineComponent({ path: 'https://api.example.com', completion: { wait_for: '${response.id}' } })
defineComponent({ path: 'https://api.example.com', completion: { wait_for: ['${response.a}', 7] } })
defineComponent({ path: 'https://api.example.com', completion: { wait_for: { any: ['a', { id: ['b', 'c'] }] } } })
