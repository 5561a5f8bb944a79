import { describe, expect, test } from '@jest/globals'
import { useServices } from '../helpers/fake-service'
import { withTakenPort } from '../helpers/free-ports'
import { type RunningCli, useCli } from './use-cli'
import { messagesOf, useUp, WAITING } from './use-up'

const services = useServices()
const cli = useCli()
const up = useUp(cli)

const LISTENER = `
listener:
  host: 127.0.0.1
  port: 0
  callbacks:
    - { path: /done, identify_by: "\${body.id}", status: "\${body.status}", success_when: ok, fail_when: bad, workflow: false }
`

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

  test('shows each callback that "when" filters out in one line', async () => {
    const running = await up(LISTENER.replace('workflow: false', 'workflow: false, when: "${body.live}"'))
    const lines = since(running)
    for (const body of [{ id: 'a', live: false }, { status: 'ok' }]) expect(await running.post('/done', body)).toBe(200)
    expect(lines()).toEqual(Array.from({ length: 2 }, () => 'POST /done filtered: "when" is false for it'))
  })

  test('shows each callback in one line', async () => {
    const running = await up(LISTENER)
    const lines = since(running)
    expect(await running.post('/done', { id: 'a', status: 'soon' })).toBe(200)
    expect(await running.post('/done', { id: 'a', status: 'ok' })).toBe(200)
    expect(await running.post('/done', { id: 'a b\nforged', status: 'bad' })).toBe(200)
    expect(await running.post('/done', { status: 'ok' })).toBe(200)
    expect(await running.post('/done', { status: 'ok' })).toBe(200)
    expect(await running.post('/done', '{')).toBe(400)
    expect(await running.post('/done', '{')).toBe(400)
    const shown = lines()
    expect(shown).toEqual([
      'POST /done pending id=a status=soon: the status is in neither "success_when" nor "fail_when", so that the wait goes on',
      'POST /done parked id=a status=ok: nothing waits for its id yet',
      'POST /done parked id="a b\\nforged" status=bad: nothing waits for its id yet',
      expect.stringMatching(/^POST \/done received a callback in which identify_by /),
      'POST /done unidentified: "identify_by" finds no id in it',
      expect.stringMatching(/^POST \/done rejected code=ERR_BODY_MALFORMED: /),
      expect.stringMatching(/^POST \/done rejected code=ERR_BODY_MALFORMED: /),
    ])
    running.clock.advance(600_000)
    expect(lines().slice(shown.length).toSorted()).toEqual([
      'POST /done expired id="a b\\nforged" status=bad: nothing waited for it in time ("store.park")',
      'POST /done expired id=a status=ok: nothing waited for it in time ("store.park")',
    ])
  })

  test.each([
    [
      'ok',
      'settled',
      /^task of workflow paint succeeded/,
      ['job draw succeeded task=…', 'task of workflow paint succeeded task=…'],
    ],
    ['bad', 'failed', /^The task/, ['The task … of workflow "paint" failed']],
  ])('shows a task whose callback says %s', async (status, event, end, ends) => {
    const running = await up(WAITING)
    const lines = since(running)
    await running.post('/start', { id: 'x' })
    await running.stdout.shows(/job draw waiting/)
    await running.post('/done', { id: 'x', status })
    await running.post('/done', { id: 'x', status })
    expect(lines().some((line) => end.test(line))).toBe(true)
    const shown = lines().map((line) => line.replace(/: .*/, '').replace(/task \S{36}/, 'task …'))
    expect(shown.toSorted()).toEqual(
      [
        'POST /start started task=…',
        'task of workflow paint running task=…',
        'job draw running task=…',
        'job draw waiting ids=x task=…',
        `POST /done ${event} id=x status=${status}`,
        ...ends,
        `POST /done duplicate id=x status=${status}`,
      ].toSorted(),
    )
    expect(running.stdout.lines.filter((line) => / error /.test(line))).toHaveLength(status === 'bad' ? 1 : 0)
  })

  describe('shows a failed task that the controller started', () => {
    const config = `
controller: { host: 127.0.0.1, port: 0 }
workflow: { jobs: [{ component: api }] }
component: { id: api, type: http-client, base_url: "\${env.API}", path: /ask }
`
    test.each([
      ['as a warning when nobody waits', false, ['warn The task … of the workflow failed']],
      [
        'as it goes when somebody does',
        true,
        [
          'info the job failed task=… code=ERR_HTTP_STATUS',
          'info task of the workflow failed task=… code=ERR_HTTP_STATUS',
        ],
      ],
    ])('%s', async (_name, waits, ends) => {
      const service = await services.open({})
      const running = await up(config, [], { env: { API: service.origin } })
      const [, origin = ''] = await running.stdout.shows(/\[Controller\] (http:\S+)/)
      const headers = { 'content-type': 'application/json', connection: 'close' }
      const body = JSON.stringify({ wait_for_completion: waits })
      const response = await fetch(`${origin}/workflows/runs`, { method: 'POST', headers, body })
      expect([response.status, await response.text()]).toEqual([waits ? 500 : 202, expect.any(String)])
      await running.stdout.shows(/workflow failed/)
      const shown = running.stdout.lines.map((line) =>
        line
          .replace(/^\S+ (\w+) +/, '$1 ')
          .replace(/(task[ =])\S{36}/, '$1…')
          .replace(/: .*/, ''),
      )
      expect(shown.filter((line) => line.includes('failed'))).toEqual(ends)
    })
  })

  test('shows as no error a task that an operator cancelled', async () => {
    const running = await up(`${WAITING}\ncontroller: { host: 127.0.0.1, port: 0 }\n`)
    await running.post('/start', { id: 'x' })
    const [, task] = await running.stdout.shows(/job draw waiting ids=x task=(\S+)/)
    const [, origin] = await running.stdout.shows(/\[Controller\] (http:\S+)/)
    const response = await fetch(`${origin}/tasks/${task}/cancel`, { method: 'POST', headers: { connection: 'close' } })
    expect([response.status, await response.json()]).toEqual([200, { task_id: task, status: 'cancelled' }])
    expect(messagesOf(running).at(-1)).toBe('task of workflow paint cancelled task=… code=ERR_CANCELLED')
    expect(running.stdout.text).not.toMatch(/ (?:warn|error) /)
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

  test('says what to do with a workflow that nothing can start', async () => {
    const files = { 'callbacks.yml': 'workflow: { jobs: [{ component: logger }] }' }
    const { code, stderr } = await cli.run(['up'], { files })
    expect(stderr).toMatch(
      /^error: listener: There is no listener [^\n]* to run the workflow: express-callbacks run\n$/,
    )
    expect(code).toBe(1)
  })

  test('says that there is nothing to serve', async () => {
    const { code, stderr } = await cli.run(['up'], { files: { 'callbacks.yml': '' } })
    expect(stderr).toMatch(/^error: listener: There is no listener[^\n]*\n$/)
    expect(code).toBe(1)
  })
})
