'use strict'
// Writes .ci/api.txt: all that users can import, with the types behind it, as declarations without comments. With --check it only
// compares, so that no change of the surface goes unseen. Needs the build.
const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const { dirname, join, relative } = require('node:path')

const ROOT = join(__dirname, '..')
const REPORT = join(__dirname, 'api.txt')

/** Types that are inferred from the tables of the config: what users write of them is in input.d.ts. */
const INFERRED = join('dist', 'lib', 'config', 'sections')

const START = /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const|enum) ([\w$]+)/
const EXPORTS = /^export (?:type )?\{([^}]*)\} from '([^']+)';/gm
const IMPORTS = /^import (?:type )?\{([^}]*)\} from '([^']+)';/gm

const files = new Map()

/** Reads a file of declarations: what each name in it stands for. */
function read(file) {
  const known = files.get(file)
  if (known !== undefined) return known
  const text = readFileSync(file, 'utf8')
    .replaceAll(/\/\*\*?[\s\S]*?\*\//g, '')
    .replaceAll(/^\/\/.*$/gm, '')
  const found = {
    declared: declarationsOf(text),
    imported: linksOf(text, IMPORTS, file),
    exported: linksOf(text, EXPORTS, file),
  }
  files.set(file, found)
  return found
}

/** The statements of a file by name; a function with several signatures has several. */
function declarationsOf(text) {
  const declared = new Map()
  let name
  let lines = []
  const end = () => {
    if (name !== undefined) declared.set(name, [...(declared.get(name) ?? []), lines.join('\n').trim()])
    name = undefined
    lines = []
  }
  for (const line of text.split('\n')) {
    const begun = START.exec(line)
    if (begun || /^(?:import|export) (?:type )?[{*]/.test(line)) end()
    if (begun) name = begun[1]
    if (name !== undefined && line.trim() !== '') lines.push(line.trimEnd())
  }
  end()
  return declared
}

/** The names of import or export lists: where each is declared, and what it is called there. */
function linksOf(text, pattern, file) {
  const links = new Map()
  for (const [, list, from] of text.matchAll(pattern)) {
    if (!from.startsWith('.')) continue
    for (const part of list.split(',')) {
      const [own, alias = own] = part
        .trim()
        .replace(/^type /, '')
        .split(' as ')
      if (own !== '') links.set(alias, { file: resolve(file, from), name: own })
    }
  }
  return links
}

function resolve(file, from) {
  const path = join(dirname(file), from)
  return existsSync(`${path}.d.ts`) ? `${path}.d.ts` : join(path, 'index.d.ts')
}

/** Adds the declaration of a name, and those of all names in it. */
function collect(file, name, into) {
  const key = `${relative(ROOT, file)} ${name}`
  if (into.has(key) || relative(ROOT, file).startsWith(INFERRED)) return
  const { declared, imported, exported } = read(file)
  const link = exported.get(name) ?? (declared.has(name) ? undefined : imported.get(name))
  if (link !== undefined) return collect(link.file, link.name, into)
  const texts = declared.get(name)
  if (texts === undefined) return
  into.set(key, { name, text: texts.join('\n') })
  for (const [word] of texts.join('\n').matchAll(/[A-Za-z_$][\w$]*/g))
    if (word !== name && (declared.has(word) || imported.has(word))) collect(file, word, into)
}

/** What is shown already is not shown again for a second entry. */
const shown = new Set()

function describe(path, { types }) {
  const file = join(ROOT, types)
  const { exported } = read(file)
  const names = [...exported.keys()].sort((one, other) => (one < other ? -1 : 1))
  const all = new Map()
  for (const name of names) collect(file, name, all)
  const fresh = [...all].filter(([key]) => !shown.has(key)).map(([, one]) => one)
  for (const key of all.keys()) shown.add(key)
  const texts = fresh.sort((one, other) => (one.name < other.name ? -1 : 1)).map(({ text }) => text)
  return [`== ${path}`, '', names.join('\n'), '', texts.join('\n\n')].join('\n')
}

const { name, exports: entries } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const typed = Object.entries(entries).filter(([, entry]) => entry.types !== undefined)
const report = `${typed.map(([path, entry]) => describe(join(name, path), entry)).join('\n\n')}\n`

if (!process.argv.includes('--check')) {
  writeFileSync(REPORT, report)
} else {
  const before = new Set(existsSync(REPORT) ? readFileSync(REPORT, 'utf8').split('\n') : [])
  const now = new Set(report.split('\n'))
  const changes = [
    ...[...before].filter((line) => !now.has(line)).map((line) => `- ${line}`),
    ...[...now].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ]
  const isSame = existsSync(REPORT) && readFileSync(REPORT, 'utf8') === report
  if (!isSame) {
    console.log(changes.join('\n') || 'The order has changed.')
    console.log('\nWhat users can import has changed. If that is meant: node .ci/api.cjs, and commit .ci/api.txt')
    process.exitCode = 1
  }
}
