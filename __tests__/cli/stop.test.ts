import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { useServices } from '../helpers/fake-service'
import { useCli } from './use-cli'
import { messagesOf, type Up, useUp, WAITING } from './use-up'

const services = useServices()
const up = useUp(useCli())

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

  test('says that what waits is left in a store, where there is one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'express-callbacks-stop-'))
    try {
      const running = await up(`${WAITING}store: { type: file, path: "\${env.FOLDER}" }`, [], {
        env: { FOLDER: folder },
      })
      await running.post('/start', { id: 'x' })
      await running.stdout.shows(/job draw waiting/)
      running.interrupt()
      const [line] = await running.stdout.shows(/Stopping\..*/)
      expect(line).toMatch(/Ctrl-C again leaves them in the store\.$/)
      running.interrupt()
      expect(await running.code).toBe(130)
      expect(messagesOf(running)).toContain(
        'Interrupted again. Left in the store, to go on at the next start: 1 wait, 1 task (job "draw" of workflow "paint" waits for x)',
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
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
