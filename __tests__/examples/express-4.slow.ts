import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'

const ROOT = join(__dirname, '..', '..')
const MODULES = join(ROOT, 'node_modules')

let project = ''

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'express-4-'))
})

afterEach(() => rmSync(project, { recursive: true, force: true }))

/** Copies an example into a project of its own, which has this version of Express. */
function copy(example: string, express: string): string {
  const folder = join(project, example)
  cpSync(join(ROOT, 'examples', example), folder, { recursive: true })
  const modules = join(project, 'node_modules')
  mkdirSync(modules)
  symlinkSync(ROOT, join(modules, 'express-callbacks'))
  symlinkSync(join(MODULES, express), join(modules, 'express'))
  symlinkSync(join(MODULES, 'supertest'), join(modules, 'supertest'))
  return folder
}

async function run(cwd: string, args: readonly string[]): Promise<string> {
  const { NODE_ENV: _ofJest, ...env } = process.env
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd, env })
  return stdout + stderr
}

describe.each(['express4', 'express421'])('with %s, as written', (express) => {
  test('it is a version 4', () => {
    const { version } = JSON.parse(readFileSync(join(MODULES, express, 'package.json'), 'utf8'))
    expect(version).toMatch(express === 'express421' ? /^4\.21\./ : /^4\./)
  })

  test('the recipe for Jest passes, failures included', async () => {
    const args = [join(MODULES, 'jest', 'bin', 'jest.js'), '--config', '{"transform":{}}', '--rootDir', '.']
    expect(await run(copy('supertest', express), args)).toMatch(/Tests: +(\d+) passed, \1 total/)
  }, 120_000)

  test('the quick start answers failures too', async () => {
    const output = await run(copy('quick-start', express), ['index.mjs'])
    expect(output).toContain('200 {"url":"https://images.example/task-1.png"}')
    expect(output).toContain('502 {"error":"ERR_CALLBACK_FAILED","reason":"cannot be painted"}')
  }, 120_000)

  test('a route that was there before runs a workflow, and answers its failure', async () => {
    const output = await run(copy('express-mount', express), ['index.mjs'])
    expect(output).toMatch(/502 .*cannot be painted/)
  }, 120_000)
})
