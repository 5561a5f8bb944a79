import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as index from '../../lib'
import { installPacked, type Packed } from './packed'

const TIMEOUT_MS = 20_000
/** Every value that lib/index.ts exports. */
const NAMES = Object.keys(index).sort()

let packed: Packed

beforeAll(() => {
  packed = installPacked()
})

afterAll(() => packed.remove())

describe('the installed package', () => {
  test('gives every name to require', () => {
    const code = `print(Object.keys(require('express-callbacks')).sort())`
    expect(run('commonjs', code)).toEqual(NAMES)
  })

  test('gives every name to import, as a named import too', () => {
    const code = `
      import { ${NAMES.join(', ')} } from 'express-callbacks'
      import * as all from 'express-callbacks'
      const named = { ${NAMES.join(', ')} }
      const isSame = (name) => named[name] === all[name] && all[name] !== undefined
      print(Object.keys(named).filter(isSame).sort())`
    expect(run('module', code)).toEqual(NAMES)
  })

  test('is one module for require and import, so that instanceof holds', () => {
    const code = `
      import { createRequire } from 'node:module'
      import { CallbackError, ConfigError, callbacks } from 'express-callbacks'
      const required = createRequire(process.cwd() + '/')('express-callbacks')
      let thrown
      try { callbacks({ listener: { pth: '/done' } }) } catch (error) { thrown = error }
      print([required.CallbackError === CallbackError, thrown instanceof ConfigError, thrown.code])`
    expect(run('module', code)).toEqual([true, true, 'ERR_CONFIG_UNKNOWN_KEY'])
  })

  test('gives its schema by name', () => {
    const code = `print(require('express-callbacks/schema.json').type)`
    expect(run('commonjs', code)).toBe('object')
  })

  test('shows nothing of its inside', () => {
    const code = `
      try { require('express-callbacks/dist/lib/callbacks.js') } catch (error) { print(error.code) }`
    expect(run('commonjs', code)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })
})

describe('loading it', () => {
  test('loads neither yaml nor express, nor what only a rate limit needs', () => {
    const code = `
      require('express-callbacks').callbacks({ listener: { path: '/done', identify_by: '\${body.id}' } })
      print(loaded())`
    expect(run('commonjs', code)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(yaml|express|express-rate-limit)$/)]),
    )
  })

  test('loads yaml with the first YAML', () => {
    const code = `
      require('express-callbacks').parseConfig('listener: { path: /done }')
      print(loaded())`
    expect(run('commonjs', code)).toContain('yaml')
  })

  test('loads express-rate-limit with the first limit, and still starts nothing', () => {
    const code = `
      const listener = { path: '/done', identify_by: '\${body.id}', rate_limit: '9/m' }
      require('express-callbacks').callbacks({ listener })
      print([loaded().includes('express-rate-limit'), loaded().includes('express'), living()])`
    expect(run('commonjs', code)).toEqual([true, false, run('commonjs', 'print(living())')])
  })

  test('starts nothing, so that the process ends by itself', () => {
    const code = `
      require('express-callbacks').callbacks({ listener: { path: '/done', identify_by: '\${body.id}' } })
      print(living())`
    expect(run('commonjs', code)).toEqual(run('commonjs', 'print(living())'))
  })

  test('an open wait alone does not keep the process alive, and the log says so', () => {
    const code = `
      const hooks = require('express-callbacks').callbacks({ listener: { path: '/done', identify_by: '\${body.id}' } })
      hooks.wait('a', { timeout: '1h' })
      print(hooks.stats().waiting)`
    expect(run('commonjs', code, expect.stringContaining('nothing keeps this process running'))).toBe(1)
  })
})

/** What the code may call besides Node's own. */
const PRELUDE = `
  function print(value) { process.stdout.write(JSON.stringify(value)) }
  function loaded() {
    const names = Object.keys(require.cache).map((file) => /.*[\\\\/]node_modules[\\\\/]([^\\\\/]+)/.exec(file)?.[1])
    return [...new Set(names)]
  }
  // Standard output and error count as soon as anybody looks at them; they end with the process.
  function living() {
    return [process.getActiveResourcesInfo().filter((kind) => kind !== 'PipeWrap'), process.eventNames()]
  }`

/** Runs code in the project of a user, and gives what it printed; the process must end by itself, with nothing else to say. */
function run(type: 'commonjs' | 'module', code: string, said: unknown = ''): unknown {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [`--input-type=${type}`, '--eval', `${PRELUDE}\n${code}`],
    { cwd: packed.project, encoding: 'utf8', timeout: TIMEOUT_MS },
  )
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: said })
  return JSON.parse(stdout)
}
