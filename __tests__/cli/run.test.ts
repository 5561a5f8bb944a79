import { describe, expect, test } from '@jest/globals'
import { findFreePorts, withTakenPort } from '../helpers/free-ports'
import { type FakeService, type Respond, useServices } from '../helpers/fake-service'
import { useCli } from './use-cli'

const services = useServices()
const cli = useCli()

/** Asks a service for a picture, which comes by callback. */
const PAINT = `
listener:
  host: 127.0.0.1
  port: 0
  path: /done
  identify_by: \${body.id}
  status: \${body.status}
  success_when: ok
  fail_when: bad
  result: \${body.value}
component:
  id: api
  type: http-client
  base_url: \${env.API}
  path: /tasks
  body: { prompt: "\${input.prompt}", tell: "\${callback.url}" }
  output: \${result}
workflow:
  id: paint
  jobs: [{ id: draw, component: api }]
`

/** Asks a service, whose answer is the output. */
const ASK = `
component: { id: api, type: http-client, base_url: "\${env.API}", path: /ask, method: GET }
workflow: { id: ask, jobs: [{ id: get, component: api }] }
`

/** Answers 202 and calls back with this. */
function callBack(body: object): Respond {
  return ({ body: request }) => {
    const { tell } = request as { readonly tell: string }
    void fetch(tell.replace('localhost', '127.0.0.1'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).then((response) => response.text())
    return { status: 202 }
  }
}

function withService(config: string, service: FakeService) {
  return { files: { 'callbacks.yml': config }, env: { API: service.origin } }
}

describe('run', () => {
  test('waits for the callback and prints the output as JSON, and nothing else', async () => {
    const service = await services.open(callBack({ status: 'ok', value: { url: 'a.png' } }))
    const { code, stdout, stderr } = await cli.run(['run', '--set', 'prompt=a cat'], withService(PAINT, service))
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '{\n  "url": "a.png"\n}\n', stderr: '' })
    expect(service.requests).toMatchObject([{ body: { prompt: 'a cat' } }])
  })

  test('writes the log to stderr where it is wanted', async () => {
    const service = await services.open(callBack({ status: 'ok', value: 1 }))
    const argv = ['run', 'paint', '--log-level', 'info', '--log-format', 'json']
    const { code, stdout, stderr } = await cli.run(argv, withService(PAINT, service))
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n' })
    const lines = stderr.split('\n').slice(0, -1)
    const events = lines.map((line) => JSON.parse(line) as { readonly msg: string; readonly event?: string })
    expect(events[0]?.msg).toMatch(/^\[Listener\] POST http:\/\/127\.0\.0\.1:\d+\/done$/)
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['task', 'job', 'settled']))
  })

  test.each([
    ['a text', '"a text"', '"a text"'],
    ['nothing', '', 'null'],
    ['a list', '[1,2]', '[\n  1,\n  2\n]'],
  ])('prints %s as JSON', async (_name, body, printed) => {
    const service = await services.open(() => ({ headers: { 'content-type': 'application/json' }, body }))
    const { code, stdout } = await cli.run(['run'], withService(ASK, service))
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${printed}\n` })
  })

  test('fails by a failed callback in one line', async () => {
    const service = await services.open(callBack({ status: 'bad', value: 'no paint' }))
    const { code, stdout, stderr } = await cli.run(['run'], withService(PAINT, service))
    expect(stderr).toMatch(/^error: \S*callbacks\.yml:\d+:\d+ workflow\.jobs\[0\]: Job "draw" failed: [^\n]*\n$/)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })

  test('shows the answer of a service that refuses', async () => {
    const service = await services.open({ 'GET /ask': { status: 422, body: { why: 'no\ncat' } } })
    const { code, stdout, stderr } = await cli.run(['run'], withService(ASK, service))
    expect(stderr).toMatch(/^error: [^\n]*Job "get" failed: [^\n]*422[^\n]*\n$/)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })

  test('says in one line that a service is down', async () => {
    const [port] = await findFreePorts(1)
    const options = { files: { 'callbacks.yml': ASK }, env: { API: `http://127.0.0.1:${port}` } }
    const { code, stdout, stderr } = await cli.run(['run'], options)
    expect(stderr).toMatch(new RegExp(`^error: [^\\n]*Job "get" failed: [^\\n]*127\\.0\\.0\\.1:${port}[^\\n]*\\n$`))
    expect(stderr).not.toContain('bug')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })

  test('says as one object of JSON why it failed', async () => {
    const service = await services.open({})
    const { stderr } = await cli.run(['run', '--log-format', 'json'], withService(ASK, service))
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error', code: 'ERR_HTTP_STATUS', msg: expect.any(String) })
  })

  test('fails when its time is up', async () => {
    const service = await services.open(() => ({ status: 202 }))
    const { code, stdout, stderr, clock } = cli.start(['run', '--timeout', '5m'], withService(PAINT, service))
    await service.received()
    clock.advance(300_000)
    expect(await code).toBe(1)
    expect(stderr.text).toMatch(/^error: The task \S+ did not end within 300000 ms\n$/)
    expect(stdout.text).toBe('')
  })

  test('is cancelled by Ctrl-C', async () => {
    const service = await services.open(() => ({ status: 202 }))
    const { code, stdout, stderr, interrupt } = cli.start(['run'], withService(PAINT, service))
    await service.received()
    interrupt()
    expect(await code).toBe(130)
    expect(stderr.lines).toEqual([expect.stringMatching(/Interrupted; the run was cancelled$/)])
    expect(stdout.text).toBe('')
  })

  test.each([
    ['an unknown workflow', ['run', 'pant'], PAINT, 'There is no workflow "pant". Did you mean "paint"?', 2],
    [
      'a name for a workflow without one',
      ['run', 'cat'],
      'workflow: { jobs: [{ component: logger }] }',
      'There is no workflow "cat". The config has one workflow, without a name; leave the name out',
      2,
    ],
    ['a config without workflow', ['run'], 'listener: { path: /a }', 'The config has no workflow', 1],
    [
      'several workflows',
      ['run'],
      'workflows: [{ id: a, jobs: [{ id: x, component: logger }] }, { id: b, jobs: [{ id: x, component: logger }] }]',
      'Which workflow is to run? Name one of a, b, or write "default: true" in one',
      2,
    ],
    ['a missing component', ['run'], 'workflow: { jobs: [{ id: a, component: nope }] }', 'nope', 1],
  ])('says in one line what is wrong with %s', async (_name, argv, config, message, exitCode) => {
    const options = { files: { 'callbacks.yml': config }, env: { API: 'http://127.0.0.1:9' } }
    const { code, stdout, stderr } = await cli.run([...argv, '--log-level', 'error'], options)
    expect(stderr).toMatch(/^error: [^\n]*\n$/)
    expect(stderr).toContain(message)
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' })
  })

  test.each([
    ['shows what it says', [], [expect.stringMatching(/ info {2}Hello$/), expect.stringMatching(/ warn {2}Look$/)]],
    ['hides what is below the level', ['--log-level', 'warn'], [expect.stringMatching(/ warn {2}Look$/)]],
  ])('runs a logger job and %s', async (_name, argv, lines) => {
    const config = `
workflow:
  jobs:
    - { id: a, component: logger, input: { message: Hello } }
    - { id: b, component: logger, input: { message: Look, level: warn } }
    - { component: logger, input: { message: unseen, level: debug } }
`
    const { code, stdout, stderr } = await cli.run(['run', ...argv], { files: { 'callbacks.yml': config } })
    expect(stderr.split('\n').slice(0, -1)).toEqual(lines)
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'null\n' })
  })

  test('shows no name of what has none', async () => {
    const config = 'workflow: { jobs: [{ component: logger, input: { message: Hello } }] }'
    const { stderr } = await cli.run(['run', '--log-level', 'debug'], { files: { 'callbacks.yml': config } })
    expect(stderr).toMatch(/task of the workflow running task=/)
    expect(stderr).toMatch(/the job running task=/)
    expect(stderr).not.toContain('__')
  })

  test('says in one line that a port is taken, most likely by "up"', async () => {
    await withTakenPort(async (port) => {
      const files = { 'callbacks.yml': PAINT.replace('port: 0', `port: ${port}`) }
      const { code, stdout, stderr } = await cli.run(['run'], { files, env: { API: 'http://127.0.0.1:9' } })
      expect(stderr).toMatch(
        new RegExp(
          `^error: Cannot listen on 127\\.0\\.0\\.1:${port}: another program has it[^\\n]* If that is "express-callbacks up", [^\\n]*\\n$`,
        ),
      )
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    })
  })
})
