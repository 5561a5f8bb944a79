'use strict'
// Installs the tarball as a user would, and runs it by each version of Node that is supported, and by Bun: as CommonJS and as an
// ES module, with one awaited callback, a workflow, a store on disk, and an example. Needs the build. The runtimes come from npm.
const { execFileSync, spawnSync } = require('node:child_process')
const { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

const ROOT = join(__dirname, '..')
const PLATFORM = `${process.platform}-${process.arch}`
/** The package of npm that holds the program itself, so that no script need run to fetch it. */
const RUNTIMES = [
  ...['20.19.0', '20', '22', '24'].map((version) => ({
    name: `Node ${version}`,
    spec: `node-${PLATFORM}@${version}`,
    program: 'node',
  })),
  { name: 'Bun', spec: `@oven/bun-${PLATFORM}`, program: 'bun' },
]

const BODY = `
const config = {
  listener: { path: '/done', identify_by: '\${body.id}', verify: { scheme: 'stripe', secret: 'x' } },
  workflow: { jobs: [{ id: 'wait', wait_for: '\${input.id}' }], output: '\${jobs.wait.output.state}' },
  store: { type: 'file', path: process.argv[2] },
}
async function main() {
  const hooks = callbacks(config)
  await hooks.open()
  const app = express().use(hooks)
  const sign = { scheme: 'stripe', secret: 'x' }
  const results = Promise.all([hooks.wait('a'), hooks.run({ id: 'b' })])
  const answers = []
  for (const id of ['a', 'b']) answers.push((await send(app, '/done', { id, state: 'done' }, { sign })).status)
  console.log(JSON.stringify([answers, await results]))
  await hooks.close()
}
`

const SMOKE = {
  'smoke.cjs': `const express = require('express')
const { callbacks } = require('express-callbacks')
const { send } = require('express-callbacks/testing')
${BODY}
main()`,
  'smoke.mjs': `import express from 'express'
import { callbacks } from 'express-callbacks'
import { send } from 'express-callbacks/testing'
${BODY}
await main()`,
}

const EXPECTED = JSON.stringify([
  [200, 200],
  [{ id: 'a', state: 'done' }, 'done'],
])

function npm(args, cwd) {
  return execFileSync('npm', [...args, '--silent', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd,
    encoding: 'utf8',
  })
}

/** Creates a project in which the tarball and Express are installed. */
function createProject(folder) {
  const project = join(folder, 'project')
  mkdirSync(project)
  const [{ filename }] = JSON.parse(npm(['pack', '--json', '--pack-destination', folder], ROOT))
  writeFileSync(join(project, 'package.json'), '{}')
  npm(['install', join(folder, filename), 'express@5'], project)
  for (const [name, text] of Object.entries(SMOKE)) writeFileSync(join(project, name), text)
  cpSync(join(ROOT, 'examples', 'quick-start'), join(project, 'quick-start'), { recursive: true })
  return project
}

/** Returns the program of a runtime. */
function install({ spec, program }, folder) {
  const home = mkdtempSync(join(folder, 'runtime-'))
  writeFileSync(join(home, 'package.json'), '{}')
  npm(['install', '--no-save', spec], home)
  const [, name] = /^(@?[^@]+)/.exec(spec)
  return join(home, 'node_modules', name, 'bin', program)
}

/** Runs all of it; returns what went wrong. */
function check(program, project) {
  const failures = []
  const run = (file, cwd, wanted) => {
    const args = [file, mkdtempSync(join(project, 'store-'))]
    const { stdout, stderr, status } = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 60_000 })
    if (status !== 0 || !stdout.includes(wanted)) failures.push(`${file}: ${status} ${stdout}${stderr}`)
  }
  for (const file of Object.keys(SMOKE)) run(file, project, EXPECTED)
  run('index.mjs', join(project, 'quick-start'), '"settled":3,"failed":1')
  return failures
}

const folder = mkdtempSync(join(tmpdir(), 'runtimes-'))
let failed = 0
try {
  const project = createProject(folder)
  for (const runtime of RUNTIMES) {
    const program = install(runtime, folder)
    const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
    const failures = check(program, project)
    failed += failures.length
    console.log(`${runtime.name} (${version}): ${failures.join('\n') || 'fine'}`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failed > 0 ? 1 : 0
