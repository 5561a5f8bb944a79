import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const lib = join(__dirname, '..', 'lib')

/** The rooms in the order of their imports: each may import from those in lines before it, and from itself. */
const ROOMS = [
  ['base'],
  ['template'],
  ['body'],
  ['verify'],
  ['config'],
  ['deliveries', 'tracing'],
  ['store', 'http', 'listener', 'gateway'],
  ['workflow'],
  ['app'],
  ['controller'],
  ['callbacks'],
  ['index', 'testing', 'cli'],
]

/** The most files that a folder holds. */
const MAX_FILES = 16

const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

function roomOf(file: string): string {
  return file.replace(/\.ts$/, '').split('/')[0] ?? ''
}

function rankOf(file: string): number {
  return ROOMS.findIndex((rooms) => rooms.includes(roomOf(file)))
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(lib, file), 'utf8')
  return [...text.matchAll(/from '(\.[^']*)'/g)].map(([, path = '']) => relative(lib, join(lib, dirname(file), path)))
}

describe('imports run one way', () => {
  test.each(files)('%s', (file) => {
    expect(rankOf(file)).toBeGreaterThanOrEqual(0)
    const room = roomOf(file)
    const wrong = importsOf(file).filter((target) => {
      return roomOf(target) !== room && rankOf(target) >= rankOf(file)
    })
    expect(wrong).toEqual([])
  })
})

/** The files that import one another in a circle, `import type` included. */
function listCircle(of: readonly string[]): readonly string[] {
  const targets = new Map(of.map((file) => [file, importsOf(file).map((target) => `${target}.ts`)]))
  // Takes away the files that import none of the others; those of circles, and what imports them, are left.
  let left = [...targets.keys()]
  for (let before = -1; before !== left.length;) {
    before = left.length
    const known = new Set(left)
    left = left.filter((file) => targets.get(file)?.some((target) => known.has(target)))
  }
  return left
}

describe('no file of a room imports one that imports it, types included', () => {
  const rooms = [...new Set(files.map(roomOf))]

  test.each(rooms)('%s', (room) => {
    expect(listCircle(files.filter((file) => roomOf(file) === room))).toEqual([])
  })
})

test('lib holds three files, and folders', () => {
  expect(files.filter((file) => !file.includes('/')).sort()).toEqual(['callbacks.ts', 'cli.ts', 'index.ts'])
})

const adapters = join(__dirname, '..', 'adapters')
const adapterFiles = readdirSync(adapters, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

describe('an adapter imports other adapters and the base of lib, nothing else', () => {
  const ground = join(lib, 'base')

  test.each(adapterFiles)('%s', (file) => {
    const text = readFileSync(join(adapters, file), 'utf8')
    const targets = [...text.matchAll(/from '(\.[^']*)'/g)].map(([, path = '']) => join(adapters, dirname(file), path))
    expect(targets.filter((target) => !target.startsWith(adapters) && !target.startsWith(ground))).toEqual([])
    expect(text).not.toMatch(/process\.(env|on|off|exit|exitCode|argv|cwd|std\w+)\b|console\./)
    expect(text).not.toMatch(/(?<![.\w])(setTimeout|setInterval)\(/)
  })
})

test(`no folder holds more than ${MAX_FILES} files`, () => {
  const counts = new Map<string, number>()
  const all = [...files.map((file) => `lib/${file}`), ...adapterFiles.map((file) => `adapters/${file}`)]
  for (const folder of all.map(dirname)) counts.set(folder, (counts.get(folder) ?? 0) + 1)
  expect([...counts].filter(([, count]) => count > MAX_FILES)).toEqual([])
})

test('only app/adapters.ts picks an adapter', () => {
  const users = files.filter((file) => /'[./]+adapters\//.test(readFileSync(join(lib, file), 'utf8')))
  expect(users).toEqual(['app/adapters.ts'])
})

test('only config/read/load.ts reads the environment, and only the command line touches the process and its output', () => {
  const text = files.map((file) => [file, readFileSync(join(lib, file), 'utf8')] as const)
  const users = (pattern: RegExp): string[] => text.filter(([, code]) => pattern.test(code)).map(([file]) => file)
  expect(users(/process\.env/)).toEqual(['cli.ts', 'config/read/load.ts'])
  expect(users(/process\.(on|off|exit|exitCode|argv|cwd|std\w+)\b|console\./)).toEqual(['cli.ts'])
})

test('a library is imported in one or two files each', () => {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(lib, '..', 'package.json'), 'utf8'))
  const texts = [
    ...files.map((file) => readFileSync(join(lib, file), 'utf8')),
    ...adapterFiles.map((file) => readFileSync(join(adapters, file), 'utf8')),
  ]
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    if (name.startsWith('@types/')) continue
    const users = texts.filter((text) =>
      new RegExp(`^import (?!type ).*from '${name}'|\\('${name}'\\)`, 'm').test(text),
    ).length
    expect([name, users >= 1 && users <= 2]).toEqual([name, true])
  }
})
