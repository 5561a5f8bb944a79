import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ROOT } from './packed'

// What a user of each test framework writes: a signed callback ends a workflow, and a wait runs out of time, without a sleep.

const APP = `
const express = require('express')
const { callbacks } = require('express-callbacks')

const config = {
  listener: { path: '/paid', identify_by: '\${body.order}', verify: { scheme: 'stripe', secret: 'whsec_1' } },
  workflow: { jobs: [{ id: 'pay', wait_for: '\${input.order}' }], output: '\${jobs.pay.output.state}' },
}

exports.createApp = (options) => {
  const hooks = callbacks(config, options)
  return { hooks, app: express().use(hooks) }
}
`

const TEST = `
test('the signed callback of the payment ends the workflow', async () => {
  const { hooks, app } = createApp()
  const order = hooks.run({ order: 'o-1' })
  const body = { order: 'o-1', state: 'paid' }
  const { status } = await send(app, '/paid', body, { sign: { scheme: 'stripe', secret: 'whsec_1' } })
  expect([status, await order]).toEqual([200, 'paid'])
})

test('an order that nobody pays ends after a day', async () => {
  const clock = createTestClock()
  const { hooks } = createApp({ clock })
  const order = hooks.run({ order: 'o-2' })
  await untilWaiting(hooks, 'o-2')
  clock.advance('24h')
  await expect(order).rejects.toThrow('o-2')
  await untilIdle(hooks)
})
`

const KIT = '{ createTestClock, send, untilIdle, untilWaiting }'

const AS_NODE = TEST.replaceAll(/expect\((.+)\)\.toEqual\((.+)\)/g, 'deepEqual($1, $2)').replaceAll(
  /expect\((\w+)\)\.rejects\.toThrow\('(.+)'\)/g,
  'rejects($1, /$2/)',
)

const RUNNERS = [
  {
    name: 'Jest',
    file: 'jest/app.test.js',
    head: `const { createApp } = require('../app.cjs')\nconst ${KIT} = require('express-callbacks/testing')\n`,
    body: TEST,
    program: ['jest', 'bin', 'jest.js'],
    args: ['--config', '{"transform":{}}', '--rootDir', 'jest'],
    says: 'Tests:       2 passed, 2 total',
  },
  {
    name: 'Vitest',
    file: 'vitest/app.test.mjs',
    head: `import { expect, test } from 'vitest'\nimport { createApp } from '../app.cjs'\nimport ${KIT} from 'express-callbacks/testing'\n`,
    body: TEST,
    program: ['vitest', 'vitest.mjs'],
    args: ['run', '--dir', 'vitest', '--no-color'],
    says: 'Tests  2 passed (2)',
  },
  {
    name: 'node:test',
    file: 'node/app.test.mjs',
    head: `import { deepEqual, rejects } from 'node:assert/strict'\nimport test from 'node:test'\nimport { createApp } from '../app.cjs'\nimport ${KIT} from 'express-callbacks/testing'\n`,
    body: AS_NODE,
    program: undefined,
    args: ['--test', '--test-reporter', 'tap', 'node/app.test.mjs'],
    says: '# pass 2',
  },
] as const

let project = ''

beforeAll(() => {
  // Jest finds no tests below node_modules, where other projects of tests are.
  project = mkdtempSync(join(tmpdir(), 'runners-'))
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(ROOT, join(project, 'node_modules', 'express-callbacks'))
  for (const name of ['express', 'vitest'])
    symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name))
  writeFileSync(join(project, 'app.cjs'), APP)
})

afterAll(() => rmSync(project, { recursive: true, force: true }))

test('the test of a signed callback has at most six lines', () => {
  const [, body = ''] = /async \(\) => \{\n(.*?)\n\}\)/s.exec(TEST) ?? []
  expect(body.split('\n').length).toBeLessThanOrEqual(6)
})

test.each(RUNNERS)(
  'it passes in $name, which ends by itself',
  async ({ file, head, body, program, args, says }) => {
    const [folder = ''] = file.split('/')
    mkdirSync(join(project, folder))
    writeFileSync(join(project, file), head + body)
    const run = program ? [join(ROOT, 'node_modules', ...program), ...args] : args
    // A test that runs inside a test of Node says nothing.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const { stdout, stderr } = await promisify(execFile)(process.execPath, run, { cwd: project, env })
    expect(stdout + stderr).toContain(says)
  },
  120_000,
)
