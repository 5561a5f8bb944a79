import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { withoutPostgres } from '../helpers/use-postgres'
import { withoutRedis } from '../helpers/use-redis'

interface Result {
  readonly id: string
  readonly missing?: string
  readonly speed?: Readonly<Record<'p50' | 'p99' | 'perSecond' | 'cpuMs' | 'callbacks', number>>
  readonly kills?: Readonly<Record<'kills' | 'runs' | 'acknowledged' | 'lost' | 'doubled' | 'repeated', number>>
}

const SCRIPT = join(__dirname, 'index.js')
const KILLS = 3
/** The script ends by itself long before, however busy the machine is. */
const LIMIT_MS = 300_000

/** Runs the real script in its shortest form. */
function compare(only: string, more: readonly string[] = []): Promise<readonly Result[]> {
  const { NODE_ENV: _ofJest, ...env } = process.env
  const command = [SCRIPT, '--json', '--quick', '--kills', String(KILLS), '--only', only, ...more]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, command, { env }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr))
      else resolve((JSON.parse(stdout) as { results: readonly Result[] }).results)
    })
  })
}

describe('npm run compare', () => {
  // Those whose libraries are devDependencies; the others would be installed. What BullMQ does after kills takes a minute.
  const contenders: readonly (readonly [string, string | undefined, readonly string[], readonly string[]])[] = [
    ['file', undefined, [], ['file', 'file-workflow']],
    ['bullmq', withoutRedis, ['--no-kills'], ['bullmq']],
    ['dbos', withoutPostgres, [], ['dbos']],
  ]

  for (const [only, missing, more, ids] of contenders) {
    if (missing !== undefined) test.skip(`measures ${only} (skipped: ${missing})`, () => undefined)
    else
      test(
        `measures ${[only, ...more].join(' ')}`,
        async () => {
          const results = await compare(only, more)
          expect(results.map(({ id, missing: why }) => [id, why])).toEqual(ids.map((id) => [id, undefined]))
          for (const { id, speed, kills } of results) {
            expect(speed?.callbacks).toBeGreaterThan(0)
            expect(speed?.p50).toBeGreaterThan(0)
            expect(speed?.p99).toBeGreaterThanOrEqual(speed?.p50 ?? Infinity)
            expect(speed?.perSecond).toBeGreaterThan(0)
            if (id === 'file' || more.length > 0) expect(kills).toBeUndefined()
            else expect(kills).toMatchObject({ kills: KILLS, lost: 0 })
          }
        },
        LIMIT_MS,
      )
  }

  test('refuses a contender that there is not', async () => {
    await expect(compare('bullmk')).rejects.toThrow('There is no contender "bullmk"; there are memory, ')
  })
})
