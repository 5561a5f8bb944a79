'use strict'
// Compiles what a user writes by each version of TypeScript that is supported, as CommonJS and as ES modules, and asks each what an
// editor shows for every key. Needs the build. The compilers come from npm, into a folder of their own.
const { execFileSync } = require('node:child_process')
const { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { join } = require('node:path')
const { listFaults, writeCases } = require('./check-hovers.cjs')
const { createServiceEditor, startEditor } = require('./editor.cjs')

const ROOT = join(__dirname, '..')
const VERSIONS = ['5.5', '5.9', '6', '7']

const OPTIONS = {
  target: 'es2022',
  lib: ['es2023'],
  module: 'node16',
  moduleResolution: 'node16',
  types: ['node'],
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  esModuleInterop: true,
  skipLibCheck: false,
}

function run(file, args, cwd) {
  return execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Creates the project of a user, in which the package of this checkout is installed. */
function createProject() {
  const cache = join(ROOT, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  const project = mkdtempSync(join(cache, 'typescripts-'))
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(ROOT, join(project, 'node_modules', 'express-callbacks'))
  for (const extension of ['cts', 'mts'])
    copyFileSync(join(ROOT, '__tests__', 'package', 'consumer.ts'), join(project, `consumer.${extension}`))
  const files = ['consumer.cts', 'consumer.mts']
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, files }))
  return project
}

/** Returns an editor that shows what this version of TypeScript says. */
async function openEditor(load, home, file) {
  const { version } = load('typescript/package.json')
  if (Number.parseInt(version, 10) >= 7)
    return startEditor(join(home, 'node_modules', 'typescript', 'bin', 'tsc'), file)
  return createServiceEditor(load('typescript'), file, OPTIONS)
}

/** Compiles the project by one version of TypeScript, then asks it about each key. Throws what is wrong. */
async function check(version, project, cases) {
  const home = join(project, `typescript-${version}`)
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{}')
  run('npm', ['install', '--silent', '--ignore-scripts', '--no-audit', '--no-fund', `typescript@${version}`], home)
  const load = createRequire(join(home, 'package.json'))
  run(process.execPath, [join(home, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', project], project)
  const editor = await openEditor(load, home, cases.file)
  const faults = await listFaults(editor, cases)
  await editor.close()
  if (faults.length > 0) throw Object.assign(new Error(), { stdout: faults.join('\n') })
  return load('typescript/package.json').version
}

async function main() {
  const project = createProject()
  const cases = writeCases(join(project, 'editor'), OPTIONS)
  try {
    for (const version of VERSIONS) {
      try {
        console.log(
          `TypeScript ${await check(version, project, cases)}: fine, and ${cases.keys.length} keys show their sentence`,
        )
      } catch (error) {
        process.exitCode = 1
        console.log(`TypeScript ${version}: ${error.stdout || error}`)
      }
    }
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}

void main()
