import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { ROOT } from '../pages/pages'

const EXAMPLES = join(ROOT, 'examples')
/** What a user who copies an example has already. */
const PRESENT = new Set(['express', 'express-callbacks', ...builtinModules])
const IMPORT = /(?:\bfrom |\bimport\(|\brequire\()'([^'.][^']*)'/g

const folders = readdirSync(EXAMPLES, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)

test.each(folders)('the page of examples/%s names each package that must be installed', (folder) => {
  const texts = readdirSync(join(EXAMPLES, folder))
    .filter((file) => /\.m?js$/.test(file) && !file.endsWith('.test.mjs'))
    .map((file) => readFileSync(join(EXAMPLES, folder, file), 'utf8'))
  const imported = texts.flatMap((text) => [...text.matchAll(IMPORT)].map(([, name = '']) => packageOf(name)))
  const needed = [...new Set(imported)].filter((name) => !PRESENT.has(name))
  const page = readFileSync(join(EXAMPLES, folder, 'README.md'), 'utf8')
  const installs = new Set(
    [...page.matchAll(/npm (?:install|i) ([^`\n]*)/g)].flatMap(([, list = '']) => list.split(' ')),
  )
  expect(needed.filter((name) => !installs.has(name))).toEqual([])
})

function packageOf(name: string): string {
  const parts = name.replace(/^node:/, '').split('/')
  return name.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
}
