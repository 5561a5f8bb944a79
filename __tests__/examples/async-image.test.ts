import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { findFreePorts } from '../helpers/free-ports'
import { type Running, runExample } from './run-example'

const TIMEOUT_MS = 30_000
const CLI = join(__dirname, '..', '..', 'dist', 'lib', 'cli.js')
const ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

const running: Running[] = []

afterEach(() => Promise.all(running.splice(0).map((one) => one.stop())))

async function start(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Running> {
  const [port] = await findFreePorts(1)
  const one = runExample('async-image', args, { PORT: String(port), ...variables })
  running.push(one)
  return one
}

async function startServices(): Promise<string> {
  const services = await start(['services.mjs'])
  return services.find((line) => /listen on (http:\S+)$/.exec(line)?.[1])
}

test(
  'runs two jobs, the first of which waits for its callback',
  async () => {
    const { code, stdout, stderr } = await (await start(['index.mjs'])).ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const news = stdout.filter((line) => /^(?:job|callback) /.test(line)).map((line) => line.trim().split(' '))
    const id = news.find(([kind]) => kind === 'callback')?.at(-1)
    expect(id).toMatch(ID)
    expect(news.map((words) => words.join(' '))).toEqual([
      'job generate running',
      `job generate waiting for ${id}`,
      `callback POST /webhooks/image/completed ${id}`,
      'job generate succeeded',
      'job optimize running',
      'job optimize succeeded',
    ])
    expect(stdout.slice(news.length).join(' ').replaceAll(/\s+/g, ' ')).toBe(
      "{ url: 'https://images.example/a%20cat.webp', width: 640, height: 480, savings: 153600 }",
    )
  },
  TIMEOUT_MS,
)

test(
  'says in one line what the service could not do',
  async () => {
    const { code, stderr } = await (await start(['index.mjs', 'a square circle'])).ended
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^The workflow failed: Job "generate" failed: POST \/webhooks\/image\/completed received the status "failed" for "[-\da-f]+": \{.*"reason":"cannot be painted"\}\n$/,
    )
  },
  TIMEOUT_MS,
)

describe('express-callbacks run', () => {
  test(
    'prints the output as JSON, and nothing else',
    async () => {
      const SERVICES = await startServices()
      const { code, stdout, stderr } = await (await start([CLI, 'run', '--set', 'prompt=a cat'], { SERVICES })).ended
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(JSON.parse(stdout.join('\n'))).toEqual({
        url: 'https://images.example/a%20cat.webp',
        width: 1024,
        height: 1024,
        savings: 153_600,
      })
    },
    TIMEOUT_MS,
  )

  test(
    'fails with one clear line when the service is down',
    async () => {
      const [port] = await findFreePorts(1)
      const SERVICES = `http://127.0.0.1:${port}`
      const { code, stdout, stderr } = await (await start([CLI, 'run', '--set', 'prompt=a cat'], { SERVICES })).ended
      expect({ code, stdout }).toEqual({ code: 1, stdout: [] })
      expect(stderr.trimEnd().split('\n')).toHaveLength(1)
      expect(stderr).toContain(`POST ${SERVICES}/generate failed`)
      expect(stderr).toContain('ECONNREFUSED')
    },
    TIMEOUT_MS,
  )
})
