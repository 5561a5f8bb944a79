import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from '@jest/globals'
import { useServices } from '../helpers/fake-service'
import { openRawSocket } from '../helpers/raw-socket'
import { useFolders } from './use-cli'

const TIMEOUT_MS = 30_000
const BUILT = join(__dirname, '..', '..', 'dist', 'lib', 'cli.js')

const testFull = existsSync('/dev/full') ? test : test.skip

const services = useServices()
const createFolder = useFolders()
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

const WAITING = `
listeners:
  - { host: 127.0.0.1, port: 0, path: /done, identify_by: "\${body.id}", workflow: false }
  - { host: 127.0.0.1, port: 0, type: http-trigger, triggers: [{ path: /start }] }
workflow:
  id: paint
  jobs: [{ id: draw, wait_for: { path: /done, id: "\${input.id}" } }]
`

const ASK = `
component: { id: api, type: http-client, base_url: "\${env.API}", path: /ask, method: GET }
workflow: { id: ask, jobs: [{ id: get, component: api }] }
`

/** The built command line as a process of its own. */
function start(argv: readonly string[], config: string, env: Readonly<Record<string, string>> = {}) {
  const { NODE_ENV: _ofJest, ...own } = process.env
  const cwd = createFolder({ 'callbacks.yml': config })
  const child = spawn(process.execPath, [BUILT, ...argv], { cwd, env: { ...own, ...env }, stdio: 'pipe' })
  children.push(child)
  let written = ''
  child.stdout.setEncoding('utf8')
  const stderr = text(child.stderr)
  const ended = once(child, 'close').then(async ([code, signal]) => ({
    code,
    signal,
    stdout: written,
    stderr: await stderr,
  }))
  child.stdout.on('data', (more: string) => {
    written += more
    child.emit('written')
  })

  async function shows(pattern: RegExp): Promise<RegExpExecArray> {
    const early = ended.then((end) => Promise.reject(new Error(`it ended early: ${JSON.stringify(end)}`)))
    early.catch(() => undefined)
    for (;;) {
      const found = pattern.exec(written)
      if (found) return found
      await Promise.race([once(child, 'written'), early])
    }
  }

  return { child, ended, shows }
}

async function post(running: ReturnType<typeof start>, path: string, body: object): Promise<number> {
  const [url] = await running.shows(new RegExp(`http://127\\.0\\.0\\.1:\\d+${path}\\b`))
  const headers = { 'content-type': 'application/json', connection: 'close' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  await response.text()
  return response.status
}

async function waiting() {
  const running = start(['up'], WAITING)
  await running.shows(/Ready/)
  await post(running, '/start', { id: 'x' })
  await running.shows(/job draw waiting/)
  return running
}

describe('the process of "up"', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'takes the callbacks that are still awaited after %s, and ends with 0',
    async (signal) => {
      const running = await waiting()
      running.child.kill(signal)
      await running.shows(/Still waiting: 1 wait, 1 task/)
      expect(await post(running, '/done', { id: 'x' })).toBe(200)
      const { stdout, ...end } = await running.ended
      expect(end).toEqual({ code: 0, signal: null, stderr: '' })
      expect(stdout).toMatch(/task of workflow paint succeeded [^\n]*\n$/)
    },
    TIMEOUT_MS,
  )

  test(
    'takes one Ctrl-C that comes twice, as it does under npx, for one',
    async () => {
      const running = await waiting()
      running.child.kill('SIGINT')
      running.child.kill('SIGINT')
      await running.shows(/Still waiting/)
      expect(await post(running, '/done', { id: 'x' })).toBe(200)
      expect(await running.ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    },
    TIMEOUT_MS,
  )

  test(
    'ends with 130 when a second signal cuts a task off',
    async () => {
      const running = await waiting()
      running.child.kill('SIGINT')
      await running.shows(/Still waiting/)
      running.child.kill('SIGTERM')
      const { stdout, ...end } = await running.ended
      expect(end).toEqual({ code: 130, signal: null, stderr: '' })
      expect(stdout).toMatch(/task of workflow paint cancelled [^\n]*\n$/)
    },
    TIMEOUT_MS,
  )

  test(
    'ends with 130 soon after a second signal, though a sender never finishes its request',
    async () => {
      const running = start(['up'], WAITING)
      const [, port] = await running.shows(/127\.0\.0\.1:(\d+)\/done[^]*Ready/)
      const raw = await openRawSocket(`http://127.0.0.1:${port}`)
      raw.send('POST /done HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
      await raw.received('100 Continue')
      running.child.kill('SIGINT')
      await running.shows(/Nothing is waiting/)
      running.child.kill('SIGTERM')
      expect(await running.ended).toMatchObject({ code: 130, signal: null, stderr: '' })
      await raw.closed()
    },
    TIMEOUT_MS,
  )

  test(
    'ends quietly when nobody reads its output any more',
    async () => {
      const running = start(['up'], WAITING)
      await running.shows(/Ready/)
      running.child.stdout.destroy()
      await post(running, '/done', { id: 'early' })
      expect(await running.ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    },
    TIMEOUT_MS,
  )
})

testFull(
  'a disk that takes no output is told, with exit code 1',
  async () => {
    const script = 'exec "$0" "$@" >/dev/full'
    const child = spawn('/bin/sh', ['-c', script, process.execPath, BUILT, 'schema'], { stdio: 'pipe' })
    children.push(child)
    const stderr = text(child.stderr)
    expect(await once(child, 'close')).toEqual([1, null])
    expect(await stderr).toBe('error: The output cannot be written: ENOSPC: no space left on device, write\n')
  },
  TIMEOUT_MS,
)

describe('the process of "run"', () => {
  test(
    'ends by itself with the output on stdout, all of it',
    async () => {
      const body = Array.from({ length: 50_000 }, (_, index) => `item ${index}`)
      const service = await services.open({ 'GET /ask': { body } })
      const { code, stdout, stderr } = await start(['run'], ASK, { API: service.origin }).ended
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(JSON.parse(stdout)).toEqual(body)
    },
    TIMEOUT_MS,
  )

  test(
    'reads its input from stdin',
    async () => {
      const config = 'workflow: { jobs: [{ id: say, component: logger, input: { data: "${input}" } }] }'
      const running = start(['run', '--input', '-'], config)
      running.child.stdin.end('{"a":1}')
      const { stderr, ...end } = await running.ended
      expect(end).toMatchObject({ code: 0, stdout: '{\n  "a": 1\n}\n' })
      expect(stderr).toMatch(/^\S+ info {2}Job say \{"data":\{"a":1\}\}\n$/)
    },
    TIMEOUT_MS,
  )

  test(
    'ends with 130 after Ctrl-C',
    async () => {
      const service = await services.open(() => undefined)
      const running = start(['run'], ASK, { API: service.origin })
      await service.received()
      running.child.kill('SIGINT')
      const { stderr, ...end } = await running.ended
      expect(end).toEqual({ code: 130, signal: null, stdout: '' })
      expect(stderr).toMatch(/^\S+ error Interrupted; the run was cancelled\n$/)
    },
    TIMEOUT_MS,
  )

  test.each([
    ['a service that is down', ASK, { API: 'http://127.0.0.1:9' }, 1, /^error: [^\n]*127\.0\.0\.1:9[^\n]*\n$/],
    ['a missing variable', ASK, {}, 1, /^error: callbacks\.yml:2:\d+ [^\n]*API[^\n]*\n$/],
    ['an unknown key', 'workflo: {}', {}, 1, /^error: callbacks\.yml:1:1 workflo: Unknown key[^\n]*\n$/],
  ])(
    'fails in one line without a stack by %s',
    async (_name, config, env, code, message) => {
      const end = await start(['run'], config, env).ended
      expect(end).toMatchObject({ code, signal: null, stdout: '' })
      expect(end.stderr).toMatch(message)
    },
    TIMEOUT_MS,
  )
})
