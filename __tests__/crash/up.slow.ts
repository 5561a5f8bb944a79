import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { useFolders } from '../cli/use-cli'
import { useServices } from '../helpers/fake-service'

const LIMIT_MS = 120_000
const BUILT = join(__dirname, '..', '..', 'dist', 'lib', 'cli.js')

const services = useServices()
const createFolder = useFolders()
const children: ChildProcess[] = []

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'close')
  }
})

const CONFIG = `
store: { type: file, path: store }
listeners:
  - { host: 127.0.0.1, port: 0, path: /done, identify_by: "\${body.id}", workflow: false }
  - { host: 127.0.0.1, port: 0, type: http-trigger, triggers: [{ path: /start }] }
component:
  id: painter
  base_url: "\${env.API}"
  path: /paint
  body: { id: "\${input.id}" }
  completion: { type: callback, path: /done, wait_for: "\${input.id}" }
workflow: { id: paint, jobs: [{ id: draw, component: painter }] }
`

/** "up" as a process of its own, in a folder that others have been in. */
function up(cwd: string, api: string) {
  const { NODE_ENV: _ofJest, ...env } = process.env
  const child = spawn(process.execPath, [BUILT, 'up'], {
    cwd,
    env: { ...env, API: api },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const ended = once(child, 'close')
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (more: string) => {
      written += more
      child.emit('written')
    })
  }

  async function shows(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(written)
      if (found) return found
      const end = ended.then(() => Promise.reject(new Error(`it ended: ${written}`)))
      end.catch(() => undefined)
      await Promise.race([once(child, 'written'), end])
    }
  }

  return {
    shows,
    async post(path: string, body: object): Promise<number> {
      const [url] = await shows(new RegExp(`http://127\\.0\\.0\\.1:\\d+${path}\\b`))
      const headers = { 'content-type': 'application/json', connection: 'close' }
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
      await response.text()
      return response.status
    },
    async end(...signals: readonly NodeJS.Signals[]): Promise<number | null> {
      for (const signal of signals) {
        child.kill(signal)
        if (signal === 'SIGINT') await shows(/Stopping|Interrupted/)
      }
      await ended
      return child.exitCode
    },
  }
}

describe('"up" with a store in a folder', () => {
  test(
    'says after kill -9 which tasks it took up, and leaves those that wait when it is interrupted to the next start',
    async () => {
      const service = await services.open({ 'POST /paint': { body: {} } })
      const folder = createFolder({ 'callbacks.yml': CONFIG })
      const first = up(folder, service.origin)
      await first.shows(/Ready/)
      for (const id of ['one', 'two']) expect(await first.post('/start', { id })).toBe(200)
      const [, one] = await first.shows(/job draw waiting id\S*one task=(\S+)/)
      const [, two] = await first.shows(/job draw waiting id\S*two task=(\S+)/)
      await first.end('SIGKILL')

      const second = up(folder, service.origin)
      const [line] = await second.shows(/.*Took up 2 tasks again.*\n/)
      for (const task of [one, two]) expect(line).toContain(task)
      await second.shows(/Ready/)
      expect(await second.post('/done', { id: 'one' })).toBe(200)
      await second.shows(new RegExp(`task of workflow paint succeeded task=${one}`))
      expect(await second.end('SIGINT', 'SIGTERM')).toBe(130)
      await second.shows(
        /Left in the store, to go on at the next start: 1 wait, \d tasks? \(job "draw" of workflow "paint" waits for two\)/,
      )

      const third = up(folder, service.origin)
      await third.shows(new RegExp(`Took up a task again that had not ended: ${two}`))
      await third.shows(/Ready/)
      expect(await third.post('/done', { id: 'two' })).toBe(200)
      await third.shows(new RegExp(`task of workflow paint succeeded task=${two}`))
      expect(await third.end('SIGINT')).toBe(0)
      expect(service.requests.length).toBe(2)
    },
    LIMIT_MS,
  )
})
