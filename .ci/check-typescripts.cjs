'use strict'
// Compiles what a user writes by each version of TypeScript that is supported, as CommonJS and as ES modules, and asks the
// language service of the oldest what an editor shows. Needs the build. The compilers come from npm, into a folder of their own.
const { execFileSync } = require('node:child_process')
const { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { join } = require('node:path')

const ROOT = join(__dirname, '..')
const VERSIONS = ['5.5', '5.9', '6', '7']

/**
 * What an editor must show: a key in \`config.cts\`, and the beginning of its sentence in schema.json. The key that tells forms apart
 * (`scheme`, `driver`, `type`) has none: TypeScript shows no text where a form takes a word, and another one `${env.…}`.
 */
const HOVERS = ['path', 'identify_by', 'success_when', 'timeout', 'verify', 'authtoken', 'port', 'url', 'jobs']

const CONFIG = `import { defineConfig } from 'express-callbacks'
defineConfig({
  listener: {
    path: '/done',
    identify_by: '\${body.id}',
    success_when: 'done',
    timeout: '1h',
    verify: { scheme: 'stripe', secret: 'x' },
  },
  gateway: { driver: 'ngrok', port: 8090, authtoken: 'x' },
  store: { type: 'redis', url: 'redis://localhost' },
  workflow: { jobs: [{ component: 'logger' }] },
})
`

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
  writeFileSync(join(project, 'config.cts'), CONFIG)
  const files = ['consumer.cts', 'consumer.mts', 'config.cts']
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, files }))
  return project
}

/** Returns the names of keys whose sentence the editor does not show, or that do not lead to their declaration. */
function listSilent(ts, project) {
  const file = join(project, 'config.cts')
  const text = readFileSync(file, 'utf8')
  const options = ts.convertCompilerOptionsFromJson(OPTIONS, project).options
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (name) =>
      ts.sys.fileExists(name) ? ts.ScriptSnapshot.fromString(ts.sys.readFile(name)) : undefined,
    getCurrentDirectory: () => project,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
  })
  const schema = readFileSync(join(ROOT, 'dist', 'schema.json'), 'utf8')
  return HOVERS.filter((key) => {
    const at = text.search(new RegExp(`\\b${key}:`))
    const shown = ts.displayPartsToString(service.getQuickInfoAtPosition(file, at)?.documentation)
    const [place] = service.getDefinitionAtPosition(file, at) ?? []
    const isKnown = shown !== '' && schema.includes(JSON.stringify(shown).slice(1, -1))
    return !isKnown || !place?.fileName.endsWith('input.d.ts')
  })
}

const project = createProject()
let failed = 0
try {
  for (const version of VERSIONS) {
    const home = join(project, `typescript-${version}`)
    mkdirSync(home)
    writeFileSync(join(home, 'package.json'), '{}')
    run('npm', ['install', '--silent', '--ignore-scripts', '--no-audit', '--no-fund', `typescript@${version}`], home)
    const load = createRequire(join(home, 'package.json'))
    const { version: found } = load('typescript/package.json')
    try {
      run(process.execPath, [join(home, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', project], project)
      const silent = version === VERSIONS[0] ? listSilent(load('typescript'), project) : []
      if (silent.length > 0) throw Object.assign(new Error(), { stdout: `no sentence for ${silent.join(', ')}` })
      console.log(`TypeScript ${found}: fine`)
    } catch (error) {
      failed += 1
      console.log(`TypeScript ${found}: ${error.stdout || error}`)
    }
  }
} finally {
  rmSync(project, { recursive: true, force: true })
}
process.exitCode = failed > 0 ? 1 : 0
