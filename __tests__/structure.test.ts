import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const lib = join(__dirname, '..', 'lib')

/** The rooms in the order of their imports: each may import from those before it, and from itself. */
const ROOMS = [
  ['base'],
  ['template'],
  ['config'],
  ['body', 'verify', 'store', 'listener', 'gateway'],
  ['http'],
  ['workflow'],
  ['app'],
  ['controller'],
  ['callbacks'],
  ['index'],
  ['cli'],
]

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
      return roomOf(target) !== room && rankOf(target) > rankOf(file)
    })
    expect(wrong).toEqual([])
  })
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

test('only app/adapters.ts picks an adapter', () => {
  const users = files.filter((file) => readFileSync(join(lib, file), 'utf8').includes('adapters/'))
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
