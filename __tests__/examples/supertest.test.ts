import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { type Running, runExample } from './run-example'

const ROOT = join(__dirname, '..', '..')

let running: Running | undefined

afterEach(() => running?.stop())

test('passes by the command that its README names', async () => {
  const readme = readFileSync(join(ROOT, 'examples', 'supertest', 'README.md'), 'utf8')
  expect(readme).toContain("`npx jest --config '{}' --rootDir .`")

  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js')
  running = runExample('supertest', [jest, '--config', '{}', '--rootDir', '.', '--json'])
  const { code, stdout, stderr } = await running.ended

  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('PASS ./app.test.js') })
  const results: unknown = JSON.parse(stdout.join('\n'))
  expect(results).toMatchObject({ success: true, numTotalTestSuites: 1, numPendingTests: 0, openHandles: [] })
}, 60_000)
