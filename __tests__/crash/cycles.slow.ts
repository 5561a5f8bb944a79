import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { withoutPostgres } from '../helpers/use-postgres'
import { withoutRedis } from '../helpers/use-redis'
import { print } from './worlds'

interface Found {
  readonly seed: number
  readonly faults: readonly string[]
  readonly stores: Readonly<Record<string, Figures>>
}

interface Figures {
  readonly cycles: number
  readonly acknowledged: number
  readonly found: readonly string[]
  readonly takeovers?: Readonly<Record<string, readonly number[]>>
}

const SCRIPT = join(__dirname, 'cycles', 'index.js')
const CYCLES = 30
/** The script ends by itself long before, however busy the machine is. */
const LIMIT_MS = 300_000

/** Runs the real script. */
function crash(store: string): Promise<Found> {
  const { NODE_ENV: _ofJest, ...env } = process.env
  const command = [SCRIPT, '--json', '--stores', store, '--cycles', String(CYCLES), '--takeovers', '1']
  return new Promise((resolve, reject) => {
    execFile(process.execPath, command, { env, maxBuffer: 1024 ** 2 }, (_error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr))
      else resolve(JSON.parse(stdout) as Found)
    })
  })
}

describe('processes that are killed at random moments under load', () => {
  const stores: readonly (readonly [string, string | undefined])[] = [
    ['file', undefined],
    ['redis', withoutRedis],
    ['postgres', withoutPostgres],
  ]

  for (const [store, missing] of stores) {
    if (missing !== undefined) test.skip(`keep every promise: ${store} (skipped: ${missing})`, () => undefined)
    else
      test.concurrent(
        `keep every promise: ${store}`,
        async () => {
          const { seed, faults, stores: found } = await crash(store)
          const {
            cycles,
            acknowledged,
            found: why,
            takeovers = {},
          } = found[store] ?? { cycles: 0, acknowledged: 0, found: [] }
          expect({ seed, faults, why }).toEqual({ seed, faults: [], why: [] })
          expect(cycles).toBe(CYCLES)
          expect(acknowledged).toBeGreaterThan(CYCLES)
          const taken = Object.entries(takeovers).map(
            ([how, seconds]) => `, taken over ${seconds.join(' ')} s after ${how}`,
          )
          print(`${store}: ${cycles} cycles, ${acknowledged} callbacks acknowledged${taken.join('')}`)
        },
        LIMIT_MS,
      )
  }
})
