import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { withoutRedis } from '../helpers/use-redis'
import { isAlive, type Running, runExample } from './run-example'

/** What a dead instance has is taken up after half a minute by one that was started just before. */
const TIMEOUT_MS = 90_000
const OWN_REDIS = { REDIS_URL: '' }
const PROMPTS = ['a cat', 'a dog', 'a fox', 'an owl', 'a bee', 'a yak']

const running: Running[] = []

afterEach(() => Promise.all(running.splice(0).map((one) => one.stop())))

function start(variables: Readonly<Record<string, string>> = OWN_REDIS): Running {
  const one = runExample('cluster', ['index.mjs'], variables)
  running.push(one)
  return one
}

/** What the lines say that somebody wrote, by the ids of tasks in them. */
function said(lines: readonly string[], pattern: RegExp): readonly string[] {
  return lines.flatMap((line) => pattern.exec(line)?.[1] ?? [])
}

if (withoutRedis === undefined) describe('cluster', describeCluster)
else describe('cluster', () => test.skip(`all of it (skipped: ${withoutRedis})`, () => undefined))

function describeCluster(): void {
  test(
    'ends every run at the other instance when one is killed',
    async () => {
      const { child, ended } = start()
      const { code, stdout, stderr } = await ended
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const ofA = said(stdout, /task (\w+) runs at A/)
      const ofB = said(stdout, /task (\w+) runs at B/)
      expect([ofA.length, ofB.length]).toEqual([3, 3])
      expect(said(stdout, /^instance B +task (\w+) succeeded/).toSorted()).toEqual([...ofA, ...ofB].toSorted())
      expect(said(stdout, /^image API +(.*): the callback has arrived$/).toSorted()).toEqual(PROMPTS.toSorted())
      expect(said(stdout, /^client +(.*https:.*)/)).toEqual(
        PROMPTS.map((prompt) => `${prompt}: https://images.example/${encodeURIComponent(prompt)}.png`),
      )
      expect(isAlive(-(child.pid ?? 0))).toBe(false)
    },
    TIMEOUT_MS,
  )

  test(
    'leaves nothing when it is interrupted',
    async () => {
      const example = start()
      const found = example.find((line) => /^redis +redis:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1])
      await example.find((line) => (line.includes('runs at A') ? true : undefined))
      example.child.kill('SIGINT')
      const { code, stderr } = await example.ended
      expect({ code, stderr }).toEqual({ code: 130, stderr: 'The example failed: interrupted\n' })
      expect(isAlive(-(example.child.pid ?? 0))).toBe(false)
      await expect(fetch(`http://127.0.0.1:${await found}`)).rejects.toThrow('fetch failed')
    },
    TIMEOUT_MS,
  )
}

test(
  'says what to install where there is no Redis',
  async () => {
    const { code, stderr } = await start({ ...OWN_REDIS, PATH: join(__dirname, 'nowhere') }).ended
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'The example failed: install redis-server, or set REDIS_URL to the Redis to use\n',
    })
  },
  TIMEOUT_MS,
)
