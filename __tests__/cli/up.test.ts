import { describe, expect, test } from '@jest/globals'
import { useServices } from '../helpers/fake-service'
import { withTakenPort } from '../helpers/free-ports'
import { type CliOptions, type RunningCli, useCli } from './use-cli'

const services = useServices()
const cli = useCli()

const LISTENER = `
listener:
  host: 127.0.0.1
  port: 0
  callbacks:
    - { path: /done, identify_by: "\${body.id}", status: "\${body.status}", success_when: ok, fail_when: bad, workflow: false }
`

/** A trigger starts a workflow that waits for a callback by the id in its input. */
const WAITING = `
listeners:
  - { host: 127.0.0.1, port: 0, path: /done, identify_by: "\${body.id}", status: "\${body.status}", success_when: ok, fail_when: bad, workflow: false }
  - { host: 127.0.0.1, port: 0, type: http-trigger, triggers: [{ path: /start }] }
workflow:
  id: paint
  jobs: [{ id: draw, wait_for: { path: /done, id: "\${input.id}" } }]
`

interface Up extends RunningCli {
  post(path: string, body: unknown): Promise<number>
}

async function up(config: string, argv: readonly string[] = [], options: CliOptions = {}): Promise<Up> {
  const running = cli.start(['up', ...argv], { ...options, files: { 'callbacks.yml': config } })
  const failed = running.code.then((code) => Promise.reject(new Error(`it ended with ${code}: ${running.stderr.text}`)))
  await Promise.race([running.stdout.shows(/Ready\. Ctrl-C stops\./), failed])
  failed.catch(() => undefined)
  return {
    ...running,
    async post(path, body) {
      const [, origin] = await running.stdout.shows(new RegExp(`(http://[^/]+)${path}\\b`))
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const headers = { 'content-type': 'application/json', connection: 'close' }
      const response = await fetch(`${origin}${path}`, { method: 'POST', headers, body: text })
      await response.text()
      return response.status
    },
  }
}

/** The messages, without time and level, and without the ids of tasks. */
function messagesOf({ stdout }: RunningCli): readonly string[] {
  return stdout.lines.map((line) => line.replace(/^\S+ \w+ +/, '').replaceAll(/task=\S+/g, 'task=…'))
}

function since(running: RunningCli): () => readonly string[] {
  const { length } = messagesOf(running)
  return () => messagesOf(running).slice(length)
}

describe('up', () => {
  test('shows where everything can be reached', async () => {
    const config = `
listeners:
  - { host: 127.0.0.1, port: 0, base_path: /hooks, callbacks: [{ path: /done, identify_by: "\${body.id}", workflow: false }, { path: /slack, method: PUT, identify_by: "\${body.id}" }] }
  - { host: 127.0.0.1, port: 0, type: http-trigger, triggers: [{ path: /start }] }
gateway: { type: http-tunnel, driver: static, port: 8090, public_url: "https://a.example" }
controller: { port: 0 }
workflow: { id: paint, jobs: [{ id: say, component: logger }] }
`
    const lines = messagesOf(await up(config)).map((line) => line.replace(/127\.0\.0\.1:\d+/, 'HOST'))
    expect(lines.toSorted()).toEqual([
      'Ready. Ctrl-C stops.',
      '[Controller] http://HOST',
      '[Gateway] Public URL: https://a.example',
      '[Listener] POST http://HOST/hooks/done',
      '[Listener] POST http://HOST/start (trigger: starts workflow "paint")',
      '[Listener] PUT http://HOST/hooks/slack (event source: starts workflow "paint")',
    ])
    expect(lines.at(-1)).toBe('Ready. Ctrl-C stops.')
  })

  test('shows each callback in one line', async () => {
    const running = await up(LISTENER)
    const lines = since(running)
    expect(await running.post('/done', { id: 'a', status: 'soon' })).toBe(200)
    expect(await running.post('/done', { id: 'a', status: 'ok' })).toBe(200)
    expect(await running.post('/done', { id: 'a b\nforged', status: 'bad' })).toBe(200)
    expect(await running.post('/done', { status: 'ok' })).toBe(200)
    expect(await running.post('/done', '{')).toBe(400)
    expect(await running.post('/done', '{')).toBe(400)
    const shown = lines()
    expect(shown.filter((line) => !line.includes('identify_by'))).toEqual([
      'POST /done pending id=a status=soon',
      'POST /done parked id=a status=ok',
      'POST /done parked id="a b\\nforged" status=bad',
      'POST /done unidentified',
      expect.stringMatching(/^POST \/done rejected code=ERR_BODY_MALFORMED: /),
      expect.stringMatching(/^POST \/done rejected code=ERR_BODY_MALFORMED: /),
    ])
    running.clock.advance(600_000)
    expect(lines().slice(shown.length).toSorted()).toEqual([
      'POST /done expired id="a b\\nforged" status=bad',
      'POST /done expired id=a status=ok',
    ])
  })

  test.each([
    ['ok', 'settled', 'succeeded', ''],
    ['bad', 'failed', 'failed', ' code=ERR_CALLBACK_FAILED'],
  ])('shows a task whose callback says %s', async (status, event, state, code) => {
    const running = await up(WAITING, ['--log-level', 'info'])
    const lines = since(running)
    await running.post('/start', { id: 'x' })
    await running.stdout.shows(/job draw waiting/)
    await running.post('/done', { id: 'x', status })
    await running.stdout.shows(new RegExp(`task of workflow paint ${state}`))
    await running.post('/done', { id: 'x', status })
    const shown = lines().filter((line) => !line.startsWith('The task'))
    expect(shown.map((line) => line.replace(/: .*/, '')).toSorted()).toEqual(
      [
        'POST /start started task=…',
        'task of workflow paint running task=…',
        'job draw running task=…',
        'job draw waiting ids=x task=…',
        `POST /done ${event} id=x status=${status}`,
        `job draw ${state} task=…${code}`,
        `task of workflow paint ${state} task=…${code}`,
        `POST /done duplicate id=x status=${status}`,
      ].toSorted(),
    )
  })

  test('writes objects of JSON where it is told to', async () => {
    const running = await up(LISTENER, ['--log-format', 'json'])
    await running.post('/done', { id: 'a', status: 'ok' })
    const objects = running.stdout.lines.map((line) => JSON.parse(line) as object)
    expect(objects.at(-1)).toMatchObject({
      level: 'info',
      event: 'parked',
      endpoint: 'POST /done',
      id: 'a',
      status: 'ok',
    })
  })

  test('writes only what the level asks for', async () => {
    const running = cli.start(['up', '--log-level', 'error'], { files: { 'callbacks.yml': LISTENER } })
    running.interrupt()
    expect(await running.code).toBe(0)
    expect(running.stdout.text).toBe('')
  })

  test('says in one line that a port is taken', async () => {
    await withTakenPort(async (port) => {
      const files = { 'callbacks.yml': LISTENER.replace('port: 0', `port: ${port}`) }
      const { code, stderr } = await cli.run(['up'], { files })
      expect(stderr).toMatch(/^error: Cannot listen on 127\.0\.0\.1:\d+: another program has it[^\n]*\n$/)
      expect(code).toBe(1)
    })
  })

  test('says that there is nothing to serve', async () => {
    const { code, stderr } = await cli.run(['up'], { files: { 'callbacks.yml': '' } })
    expect(stderr).toMatch(/^error: listener: There is no listener[^\n]*\n$/)
    expect(code).toBe(1)
  })
})

describe('Ctrl-C', () => {
  async function waiting(argv: readonly string[] = []): Promise<Up> {
    const running = await up(WAITING, argv)
    await running.post('/start', { id: 'x' })
    await running.stdout.shows(/job draw waiting/)
    return running
  }

  test('ends at once when nothing waits', async () => {
    const running = await up(LISTENER)
    running.interrupt()
    expect(await running.code).toBe(0)
    expect(messagesOf(running).at(-1)).toBe('Stopping. Nothing is waiting.')
    expect(running.clock.timers).toBe(0)
  })

  test('says what is waiting, and still takes its callback', async () => {
    const running = await waiting()
    running.interrupt()
    const [line] = await running.stdout.shows(/Stopping\..*/)
    expect(line).toBe(
      'Stopping. Still waiting: 1 wait, 1 task (job "draw" of workflow "paint" waits for x). Ctrl-C again ends them.',
    )
    expect(await running.post('/done', { id: 'x', status: 'ok' })).toBe(200)
    expect(await running.code).toBe(0)
    expect(messagesOf(running).at(-1)).toBe('task of workflow paint succeeded task=…')
  })

  test('waits no longer than it is told to', async () => {
    const running = await waiting(['--drain', '30s'])
    running.interrupt()
    await running.stdout.shows(/Stopping\./)
    running.clock.advance(29_999)
    expect(messagesOf(running).at(-1)).toMatch(/^Stopping\./)
    running.clock.advance(1)
    expect(await running.code).toBe(0)
    expect(messagesOf(running).at(-1)).toBe('task of workflow paint cancelled task=… code=ERR_CLOSED')
  })

  test('twice ends what waits', async () => {
    const running = await waiting()
    running.interrupt()
    await running.stdout.shows(/Stopping\./)
    running.interrupt()
    expect(await running.code).toBe(130)
    expect(messagesOf(running).at(-1)).toBe('task of workflow paint cancelled task=… code=ERR_CLOSED')
  })

  test('twice at one moment ends what waits too', async () => {
    const running = await waiting()
    running.interrupt()
    running.interrupt()
    expect(await running.code).toBe(130)
  })

  test('names a job that waits for no callback', async () => {
    const service = await services.open(() => undefined)
    const config = `
listener: { host: 127.0.0.1, port: 0, type: http-trigger, triggers: [{ path: /start }] }
component: { id: api, type: http-client, base_url: "\${env.API}", path: /ask }
workflow: { id: ask, jobs: [{ id: get, component: api }] }
`
    const running = await up(config, [], { env: { API: service.origin } })
    await running.post('/start', {})
    await service.received()
    running.interrupt()
    const [line] = await running.stdout.shows(/Stopping\..*/)
    expect(line).toContain('Still waiting: 1 task (job "get" of workflow "ask" is running).')
    running.interrupt()
    expect(await running.code).toBe(130)
  })
})
