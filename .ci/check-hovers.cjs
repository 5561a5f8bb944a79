'use strict'
// Asks an editor about each key of a config: it must show the sentence that schema.json has. Needs the build.
const { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { startEditor } = require('./editor.cjs')
const { createCases } = require('./hover-cases.cjs')

const ROOT = join(__dirname, '..')
const { configShape } = require(join(ROOT, 'dist', 'lib', 'config', 'schema.js'))

/** Writes the config into a folder of its own. Returns its path, its text and its keys. */
function writeCases(folder, compilerOptions) {
  const file = join(folder, 'every-key.cts')
  mkdirSync(folder)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['every-key.cts'] }))
  const cases = createCases(configShape)
  writeFileSync(file, cases.text)
  return { file, ...cases }
}

/** Returns a line for each key whose sentence the editor does not show, or whose declaration it does not find. */
async function listFaults(editor, { text, keys }) {
  const faults = []
  const silent = new Map()
  const placeOf = (mark) => text.indexOf(mark) + mark.length
  for (const [index, { key, name, form, sentence, isSilent }] of keys.entries()) {
    const at = placeOf(`/*${index}*/`)
    const fault = (what) => faults.push(`${name}${form === undefined ? '' : ` (${form})`} ${what}`)
    const isShown = (await editor.hover(at)).includes(sentence)
    if (!isShown && !isSilent) fault('shows no sentence')
    if (isSilent) {
      silent.set(name, (silent.get(name) ?? true) && isShown)
      const offered = await editor.complete(placeOf(`/*c${index}*/`), key)
      if (!offered.includes(sentence)) fault('shows no sentence while it is completed')
    }
    if (!(await editor.define(at)).endsWith('input.d.ts')) fault('leads to no declaration')
  }
  for (const [name, isShown] of silent) if (isShown) faults.push(`${name} need not stand in SILENT`)
  return faults
}

/** Asks TypeScript 7 of this checkout. */
async function main() {
  const cache = join(ROOT, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  const project = mkdtempSync(join(cache, 'hovers-'))
  try {
    mkdirSync(join(project, 'node_modules'))
    symlinkSync(ROOT, join(project, 'node_modules', 'express-callbacks'))
    const compilerOptions = { target: 'es2022', module: 'node16', strict: true, noEmit: true, types: [] }
    const cases = writeCases(join(project, 'editor'), compilerOptions)
    const editor = await startEditor(join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), cases.file)
    const faults = await listFaults(editor, cases)
    await editor.close()
    for (const fault of faults) console.log(fault)
    console.log(`${cases.keys.length} keys, ${faults.length} faults`)
    process.exitCode = faults.length > 0 ? 1 : 0
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}

module.exports = { listFaults, writeCases }

if (require.main === module) void main()
