import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'

interface Check {
  readonly name: string
  readonly ok: boolean
  readonly found: string
}

// oxlint-disable-next-line typescript/no-explicit-any -- what the script prints, to be altered anywhere
type Figures = any

const { check }: { check(figures: Figures): readonly Check[] } = require('./checks')

const SCRIPT = join(__dirname, 'index.js')
/** The script ends by itself long before, however busy the machine is. */
const TIMEOUT_MS = 300_000

/** Runs the real script; the server's clock is fast, so that its limits of time pass too. */
function soak(...parameters: readonly string[]): Promise<{ code: number; figures: Figures; stderr: string }> {
  const { NODE_ENV: _ofJest, ...env } = process.env
  const command = [SCRIPT, '--json', '--rate', '5', ...parameters]
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, command, { env, maxBuffer: 1024 ** 2 }, (_error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr))
      else resolve({ code: child.exitCode ?? -1, figures: JSON.parse(stdout), stderr })
    })
  })
}

function failing(checks: readonly Check[]): readonly string[] {
  return checks.filter(({ ok }) => !ok).map(({ name, found }) => `${name}: ${found}`)
}

describe('a few seconds of hostile load', () => {
  let run: Awaited<ReturnType<typeof soak>>

  beforeAll(async () => {
    run = await soak('--seconds', '4')
  }, TIMEOUT_MS)

  test('leave every promise kept', () => {
    const { code, figures, stderr } = run
    expect({ failing: failing(figures.checks), code, stderr }).toEqual({ failing: [], code: 0, stderr: '' })
    expect(figures.checks).toHaveLength(13)
    expect(figures.client.waits.done).toBeGreaterThan(0)
  })

  test.each<[string, RegExp, (figures: Figures) => void]>([
    ['a wait is lost', /^every wait ended: 1 did not: task-1/, ({ client }) => client.lost.push('task-1')],
    ['a wait ends wrongly', /^every wait ended as it should: 1 did not/, ({ client }) => (client.wrongs.results = 1)],
    ['a forgery is believed', /^nothing forged was believed: 1 were/, ({ client }) => (client.wrongs.believed = 1)],
    ['no answer comes', /^every request was answered: 1 not/, ({ client }) => (client.wrongs.unanswered = 1)],
    [
      'an answer is another',
      /^all answers are in the table: deep: 1 x 500 ERR_INTERNAL$/,
      ({ client }) => (client.answers.deep['500 ERR_INTERNAL'] = 1),
    ],
    [
      'a full store says not when to come again',
      /^all answers are in the table: unknown: 1 x 503 ERR_PARKING_FULL without Retry-After$/,
      ({ client }) => (client.answers.unknown['503 ERR_PARKING_FULL without Retry-After'] = 1),
    ],
    [
      'a kind was not sent',
      /^all answers are in the table: malformed: never sent$/,
      ({ client }) => delete client.answers.malformed,
    ],
    ['the heap grows', /^the heap did not grow by 10 %: from/, ({ heap }) => (heap.end = heap.start * 1.11)],
    ['the flood fills the heap', /^the heap stayed flat in the flood/, ({ heap }) => (heap.flood[0] = heap.start * 3)],
    [
      'more is parked than may be',
      /^parking was full by count and by bytes: \/open held 201, more than 200$/,
      ({ peakParked }) => (peakParked['/open'] = 201),
    ],
    [
      'something is not counted',
      /^stats\(\) agree with what was sent: settled: \d+, but \d+$/,
      ({ stats }) => (stats.after.settled -= 1),
    ],
    [
      'a body holds the event loop',
      /^no body held the event loop: form: names for 501 ms \(200\)$/,
      ({ shapes }) => (shapes['form: names'].ms = 501),
    ],
    ['a bug is logged', /^no bug was logged/, ({ events }) => (events.errors = 1)],
    ['a handle is left', /^close\(\) left nothing open: Timeout$/, ({ left }) => left.push('Timeout')],
    ['the process goes on', /^the process ended by itself: exit code 3$/, (figures) => (figures.exitCode = 3)],
  ])('are found out when %s', (_what, message, alter) => {
    const figures = structuredClone(run.figures)
    alter(figures)
    expect(failing(check(figures))).toEqual([expect.stringMatching(message)])
  })
})

test(
  'a server that keeps what it should not is found out',
  async () => {
    const { code, figures } = await soak('--seconds', '2', '--plant', 'leak', '--plant', 'handle')
    const found = failing(figures.checks).filter((one) => !one.startsWith('the heap stayed flat in the flood'))
    expect(found).toEqual([
      expect.stringMatching(/^the heap did not grow by 10 %: from/),
      'close() left nothing open: Timeout',
      'the process ended by itself: exit code 3',
    ])
    expect(code).toBe(1)
  },
  TIMEOUT_MS,
)

test.each([
  ['--seconds', '1', '--seconds must be a number from 2 to 3600, not "1"'],
  ['--rate', 'fast', '--rate must be a number from 1 to 10, not "fast"'],
  ['--plant', 'ivy', 'Nothing named "ivy" can be planted; there are leak, handle'],
])('%s %s is refused before anything is started', async (option, value, message) => {
  await expect(soak(option, value)).rejects.toThrow(`soak: ${message}`)
})
