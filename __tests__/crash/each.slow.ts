import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from '@jest/globals'

const APP = join(__dirname, 'each.cjs')
const COUNT = 300
const KILLS = 12

let folder = ''
let child: ChildProcess | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'each-crash-'))
})
afterEach(async () => {
  await kill()
  rmSync(folder, { recursive: true, force: true })
})

interface Line {
  readonly is: 'ready' | 'got' | 'end'
  readonly n?: number
  readonly port?: number
}

async function kill(): Promise<void> {
  const killed = child
  child = undefined
  if (killed === undefined || killed.exitCode !== null || killed.signalCode !== null) return
  const ended = once(killed, 'close')
  killed.kill('SIGKILL')
  await ended
}

/** Starts the app; resolves with its origin. `onLine` is called with each line that it writes. */
async function start(onLine: (line: Line) => void): Promise<string> {
  const { NODE_ENV: _ofJest, ...env } = process.env
  const config = {
    store: { type: 'file', path: folder },
    listener: { path: '/pages', identify_by: '${body.id}', result: '${body.n}', dedupe_by: '${body.n}' },
  }
  const started = spawn(process.execPath, [APP], {
    env: { ...env, APP: JSON.stringify(config) },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child = started
  started.stdin.on('error', () => undefined)
  return new Promise((resolve) => {
    createInterface({ input: started.stdout }).on('line', (text) => {
      const line: Line = JSON.parse(text)
      onLine(line)
      if (line.is === 'ready') resolve(`http://127.0.0.1:${line.port}`)
    })
  })
}

/** Sends a callback; returns whether it was acknowledged. */
async function send(origin: string, n: number): Promise<boolean> {
  const headers = { 'content-type': 'application/json', connection: 'close' }
  const sending = fetch(`${origin}/pages`, { method: 'POST', headers, body: JSON.stringify({ id: 'job', n }) })
  return sending.then(
    ({ status }) => status === 200,
    () => false,
  )
}

test('by a key nothing is skipped over kill -9, and only what the loop was at comes again (needs dist)', async () => {
  const got: number[] = []
  let kills = 0
  let onEnd = (): void => undefined
  const ended = new Promise<void>((resolve) => {
    onEnd = resolve
  })
  let killing: Promise<void> | undefined
  const killAt = new Set(Array.from({ length: KILLS }, (_, index) => Math.floor(((index + 1) * COUNT) / (KILLS + 1))))
  const onLine = ({ is, n = 0 }: Line): void => {
    if (is === 'end') onEnd()
    if (is !== 'got') return
    got.push(n)
    // It is killed while the loop is at a callback, or is just asking for the next one.
    if (!killAt.delete(n)) return
    kills += 1
    killing = kill()
  }
  let origin = await start(onLine)
  for (const n of [...Array(COUNT).keys(), -1]) {
    while (!(await send(origin, n))) {
      await killing
      if (child === undefined) origin = await start(onLine)
    }
  }
  while (killAt.size > 0 || child === undefined) {
    await killing
    if (child === undefined) origin = await start(onLine)
    else await new Promise((resolve) => setImmediate(resolve))
  }
  await ended
  const each = got.filter((n, index) => n !== got[index - 1])
  expect(each).toEqual([...Array(COUNT).keys(), -1])
  expect(got.length - each.length).toBeLessThanOrEqual(kills)
  expect(kills).toBe(KILLS)
}, 120_000)
