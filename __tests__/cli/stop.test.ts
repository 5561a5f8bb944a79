import { describe, expect, test } from '@jest/globals'
import { useServices } from '../helpers/fake-service'
import { useCli, useFolders } from './use-cli'
import { messagesOf, type Up, useUp, WAITING } from './use-up'

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
      'Stopping. Still waiting: 1 wait, 1 task (job "draw" of workflow "paint" waits for x) for at most 10s. Ctrl-C again ends them.',
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
    expect(messagesOf(running).slice(-3)).toEqual([
      'The 30s are over. Cut off: 1 wait, 1 task (job "draw" of workflow "paint" waits for x)',
      'job draw cancelled task=…',
      'task of workflow paint cancelled task=… code=ERR_CLOSED',
    ])
  })

  test('twice ends what waits', async () => {
    const running = await waiting()
    running.interrupt()
    await running.stdout.shows(/Stopping\./)
    running.interrupt()
    expect(await running.code).toBe(130)
    expect(messagesOf(running).slice(-3)).toEqual([
      'Interrupted again. Cut off: 1 wait, 1 task (job "draw" of workflow "paint" waits for x)',
      'job draw cancelled task=…',
      'task of workflow paint cancelled task=… code=ERR_CLOSED',
    ])
    expect(running.clock.timers).toBe(0)
  })

  test('is said what it cuts off when it may not wait', async () => {
    const running = await waiting(['--drain', '0'])
    running.interrupt()
    expect(await running.code).toBe(0)
    expect(messagesOf(running)).toContain(
      'Stopping. Cut off: 1 wait, 1 task (job "draw" of workflow "paint" waits for x)',
    )
    expect(messagesOf(running).filter((line) => line.includes('Cut off'))).toHaveLength(1)
  })

  describe('with a durable store', () => {
    const folders = useFolders()
    const DURABLE = `${WAITING}store: { type: file, path: "\${env.FOLDER}" }`
    const LEFT =
      'Left in the store, to go on at the next start: 1 wait, 1 task (job "draw" of workflow "paint" waits for x)'

    async function waitingIn(folder: string, argv: readonly string[] = []): Promise<Up> {
      const running = await up(DURABLE, argv, { env: { FOLDER: folder } })
      await running.post('/start', { id: 'x' })
      await running.stdout.shows(/job draw waiting/)
      return running
    }

    const LEAVE: readonly (readonly [string, readonly string[], number, string, (running: Up) => Promise<void>])[] = [
      ['after a second Ctrl-C', [], 130, 'Interrupted again', interruptTwice],
      ['when its time is over', ['--drain', '30s'], 0, 'The 30s are over', letTimePass],
      ['when it may not wait', ['--drain', '0'], 0, 'Stopping', async (running) => running.interrupt()],
    ]

    async function interruptTwice(running: Up): Promise<void> {
      running.interrupt()
      const [line] = await running.stdout.shows(/Stopping\..*/)
      expect(line).toMatch(/Ctrl-C again leaves them in the store\.$/)
      running.interrupt()
    }

    async function letTimePass(running: Up): Promise<void> {
      running.interrupt()
      await running.stdout.shows(/Stopping\./)
      running.clock.advance(30_000)
    }

    test.each(LEAVE)('%s it says that a run is left, not cancelled', async (_name, argv, code, why, leave) => {
      const running = await waitingIn(folders(), argv)
      await leave(running)
      expect(await running.code).toBe(code)
      expect(messagesOf(running).slice(-3)).toEqual([
        `${why}. ${LEFT}`,
        'job draw left, it goes on at the next start task=…',
        'task of workflow paint left, it goes on at the next start task=…',
      ])
      expect(running.stdout.text).not.toMatch(/cancelled|Cut off/)
    })

    test('its log in JSON says so too', async () => {
      const running = cli.start(['up', '--drain', '0', '--log-format', 'json'], {
        env: { FOLDER: folders() },
        files: { 'callbacks.yml': DURABLE },
      })
      const [, url = ''] = await running.stdout.shows(/"url":"(http:\/\/[^"]*\/start)"/)
      await running.stdout.shows(/Ready/)
      await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"id":"x"}' })
      await running.stdout.shows(/job draw waiting/)
      running.interrupt()
      expect(await running.code).toBe(0)
      const states = running.stdout.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
      expect(states.slice(-2)).toMatchObject([
        { event: 'job', job: 'draw', state: 'left' },
        { event: 'task', workflow: 'paint', state: 'left' },
      ])
    })

    test('the run does go on at the next start', async () => {
      const folder = folders()
      const first = await waitingIn(folder)
      await interruptTwice(first)
      expect(await first.code).toBe(130)
      const second = await up(DURABLE, [], { env: { FOLDER: folder } })
      expect(await second.post('/done', { id: 'x', status: 'ok' })).toBe(200)
      await second.stdout.shows(/task of workflow paint succeeded/)
    })

    test('a run that an operator cancels is cancelled', async () => {
      const config = `${DURABLE}\ncontroller: { port: 0 }`
      const running = await up(config, [], { env: { FOLDER: folders() } })
      await running.post('/start', { id: 'x' })
      const [, task = ''] = await running.stdout.shows(/job draw waiting .*task=(\S+)/)
      const [, origin = ''] = await running.stdout.shows(/\[Controller\] (\S+)/)
      const answer = await fetch(`${origin}/tasks/${task}/cancel`, { method: 'POST' })
      expect(answer.status).toBe(200)
      await running.stdout.shows(/task of workflow paint cancelled .*code=ERR_CANCELLED/)
      expect(messagesOf(running).slice(-2)).toEqual([
        'job draw cancelled task=…',
        'task of workflow paint cancelled task=… code=ERR_CANCELLED',
      ])
    })
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
    expect(line).toContain('Still waiting: 1 task (job "get" of workflow "ask" is running) for at most 10s.')
    running.interrupt()
    expect(await running.code).toBe(130)
  })
})
