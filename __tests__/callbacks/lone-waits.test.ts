import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from '@jest/globals'

const DIST = JSON.stringify(join(__dirname, '..', '..', 'dist', 'lib'))
const WARNING = 'A wait is open, but nothing keeps this process running'

const HEAD = `
const { callbacks } = require(${DIST})
const hooks = callbacks({
  listener: { path: '/done', identify_by: '\${body.id}' },
  workflow: { jobs: [{ wait_for: '\${input.id}' }] },
})
`

/** Runs a script until it ends by itself. */
async function run(script: string): Promise<{ readonly code: unknown; readonly stderr: string }> {
  const child = spawn(process.execPath, ['--eval', HEAD + script], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.resume()
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { code, stderr }
}

describe('a script that ends, since nothing is left but a wait, says so in one line', () => {
  test.each([
    ['a wait', `hooks.wait('a', { timeout: '1m' })`],
    ['a wait after something else', `setTimeout(() => hooks.wait('a'), 1)`],
    ['a wait for several ids', `hooks.wait(['a', 'b'])`],
    ['a workflow', `hooks.run({ id: 'a' })`],
    ['a wait after a line of the script', `console.log('waiting'); hooks.wait('a')`],
    ['a wait after lines on both outputs', `console.log('waiting'); console.error('still'); hooks.wait('a')`],
    ['a wait after a package has looked at the output', `process.stderr.isTTY; hooks.wait('a')`],
  ])('%s', async (_, script) => {
    const { code, stderr } = await run(script)
    expect([code, stderr.split('\n').filter((line) => line.includes(WARNING)).length]).toEqual([0, 1])
    expect(stderr).toContain('hooks.listen()')
  })
})

describe('nothing is said', () => {
  test.each([
    [
      'when a server listens',
      `hooks.wait('a'); require('node:http').createServer(hooks).listen(0); setTimeout(process.exit, 50)`,
    ],
    [
      'when a program is running whose end settles it',
      `const { once } = require('node:events')
       console.log('waiting'); hooks.wait('a')
       once(require('node:child_process').spawn('true'), 'exit').then(() => hooks.settle('a'))`,
    ],
    ['when the wait has ended by then', `hooks.wait('a'); hooks.settle('a')`],
    ['when a callback is parked for it', `hooks.settle('a').then(() => hooks.wait('a'))`],
    ['when nobody waits', ``],
  ])('%s', async (_, script) => {
    expect(await run(script)).toEqual({ code: 0, stderr: '' })
  })
})
