import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const lib = join(__dirname, '..', 'lib')

/** The rooms in the order of their imports: each may import from those before it, and from itself. */
const ROOMS = [
  ['errors', 'types', 'timers'],
  ['template'],
  ['config'],
  ['events'],
  ['correlation', 'listener', 'gateway'],
  ['workflow'],
  [
    'by-hand',
    'options',
    'server',
    'servers',
    'waits',
    'runs',
    'mounts',
    'stats',
    'lifecycle',
    'interface',
    'unsupported',
  ],
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
      const isRoot = !file.includes('/')
      if (roomOf(target) === room) return false
      return isRoot ? rankOf(target) > rankOf(file) : rankOf(target) >= rankOf(file)
    })
    expect(wrong).toEqual([])
  })
})

test('only config/load.ts reads the environment, and only the command line touches the process and its output', () => {
  const text = files.map((file) => [file, readFileSync(join(lib, file), 'utf8')] as const)
  const users = (pattern: RegExp): string[] => text.filter(([, code]) => pattern.test(code)).map(([file]) => file)
  expect(users(/process\.env/)).toEqual(['cli.ts', 'config/load.ts'])
  expect(users(/process\.(on|off|exit|exitCode|argv|cwd|std\w+)\b|console\./)).toEqual(['cli.ts'])
})

test('a library is imported in one or two files each', () => {
  const { dependencies } = JSON.parse(readFileSync(join(lib, '..', 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    if (name === 'valibot') continue
    const users = files.filter((file) => readFileSync(join(lib, file), 'utf8').includes(`'${name}'`))
    expect([name, users.length]).toEqual([name, Math.min(users.length, 2)])
  }
})
