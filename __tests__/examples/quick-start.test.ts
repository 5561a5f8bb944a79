import { afterEach, expect, test } from '@jest/globals'
import { isAlive, type Running, runExample } from './run-example'

const TIMEOUT_MS = 30_000

const CLIENT = [
  'GET /hello',
  '200 {"hello":"world"}',
  'POST /notes',
  '201 {"noted":"the own routes work as ever"}',
  'GET /paint?prompt=a+cat',
  '200 {"url":"https://images.example/task-1.png"}',
  'GET /paint?prompt=a+hasty+fox',
  '200 {"url":"https://images.example/task-2.png"}',
  'GET /paint?prompt=a+square+circle',
  '502 {"error":"ERR_CALLBACK_FAILED","reason":"cannot be painted"}',
  'GET /paint?prompt=two+owls',
  '200 {"url":"https://images.example/task-4.png"}',
]

const CALLBACKS = [
  'task-1 settled: it ends the wait',
  'task-2 parked: nobody waits for it yet, so it is kept',
  'task-2 settled: it ends the wait',
  'task-3 failed: it ends the wait with an error',
  'task-4 settled: it ends the wait',
  'task-4 duplicate: it came again, and changes nothing',
]

let running: Running | undefined

afterEach(() => running?.stop())

test(
  'shows what becomes of every callback, ends by itself and takes the image API with it',
  async () => {
    running = runExample('quick-start', ['index.mjs'])
    const pid = await running.find(readApiPid)
    const { code, stdout, stderr } = await running.ended

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(spokenBy('client', stdout)).toEqual(CLIENT)
    expect(spokenBy('callback', stdout)).toEqual(CALLBACKS)
    expect(stdout.at(-1)).toMatch(/^stats /)
    expect(readStats(stdout)).toEqual({ received: 5, settled: 3, failed: 1, duplicate: 1, waiting: 0, parked: 0 })
    expect(isAlive(pid)).toBe(false)
  },
  TIMEOUT_MS,
)

test(
  'fails with one line when its image API dies',
  async () => {
    running = runExample('quick-start', ['index.mjs'])
    process.kill(await running.find(readApiPid), 'SIGKILL')
    const { code, stderr } = await running.ended

    expect(stderr).toBe('The example failed: the image API ended too early (SIGKILL)\n')
    expect(code).toBe(1)
  },
  TIMEOUT_MS,
)

// Its `ended` resolves when the image API, which writes to the same output, is gone too.
test.each(['SIGINT', 'SIGKILL'] as const)(
  'takes the image API with it when it ends by %s',
  async (signal) => {
    running = runExample('quick-start', ['index.mjs'])
    await running.find((line) => (line.includes('GET /paint') ? true : undefined))
    running.child.kill(signal)

    expect(await running.ended).toMatchObject({ signal, code: null, stderr: '' })
  },
  TIMEOUT_MS,
)

function readApiPid(line: string): number | undefined {
  const pid = /^image API .* in process (\d+)$/.exec(line)?.[1]
  return pid === undefined ? undefined : Number(pid)
}

/** What one of the speakers said. Each has an order of its own; between two of them it is not certain. */
function spokenBy(who: string, stdout: readonly string[]): readonly string[] {
  return stdout.filter((line) => line.startsWith(who)).map((line) => line.slice(who.length).trim())
}

function readStats(stdout: readonly string[]): unknown {
  return JSON.parse(spokenBy('stats', stdout).join(''))
}
