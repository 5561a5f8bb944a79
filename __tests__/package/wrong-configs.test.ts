import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { callbacks, ConfigError } from '../../lib'
import { OPTIONS, TSC } from './compiler'
import { installPacked, type Packed } from './packed'
import { REFUSED_AT_START, REFUSED_BY_COMPILER, type WrongConfig } from './wrong-configs'

const TIMEOUT_MS = 120_000

let packed: Packed
let said: ReadonlyMap<string, string>

beforeAll(() => {
  packed = installPacked()
  said = compileEach([...REFUSED_BY_COMPILER, ...REFUSED_AT_START])
}, TIMEOUT_MS)

afterAll(() => packed.remove())

test('there are more than forty of them, each with a title of its own', () => {
  const titles = [...REFUSED_BY_COMPILER, ...REFUSED_AT_START].map(({ title }) => title)
  expect(titles.length).toBeGreaterThanOrEqual(40)
  expect(new Set(titles).size).toBe(titles.length)
})

describe('the compiler names the key and what is expected', () => {
  test.each(REFUSED_BY_COMPILER)('$title', ({ title, names }) => {
    const output = said.get(title) ?? ''
    expect(names.filter((name) => !output.includes(name)).map((name) => ({ name, output }))).toEqual([])
  })
})

describe('the error names the key and what to do, and so does the warning', () => {
  test.each([...REFUSED_BY_COMPILER, ...REFUSED_AT_START])('$title', ({ config, names }) => {
    const text = refuse(config)
    const isOfStart = REFUSED_AT_START.some((one) => one.config === config)
    const wanted = isOfStart ? names : names.slice(0, 1).map((name) => name.replaceAll(/["']/g, ''))
    expect(wanted.filter((name) => !text.includes(name)).map((name) => ({ name, text }))).toEqual([])
  })
})

test('what only the start can know compiles', () => {
  expect(REFUSED_AT_START.map(({ title }) => said.get(title)).filter((text) => text !== undefined)).toEqual([])
})

/** Returns what is wrong with a config: its errors, else its warnings. */
function refuse(config: unknown): string {
  const lines: string[] = []
  const log = (details: object, message: string): void => void lines.push(`${JSON.stringify(details)} ${message}`)
  try {
    Reflect.apply(callbacks, undefined, [config, { logger: { debug: log, info: log, warn: log, error: log } }])
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return lines.join('\n')
}

/**
 * Compiles each config in a file of its own, as an object that is written in place. Returns what the compiler says, by title, with
 * the lines that it points to.
 */
function compileEach(configs: readonly WrongConfig[]): ReadonlyMap<string, string> {
  const files = configs.map(({ title, config }, index) => {
    const file = `wrong-${index}.mts`
    const literal = JSON.stringify(config, undefined, 1).replaceAll(/"(\w+)":/g, '$1:')
    const text = `import { callbacks } from 'express-callbacks'\ncallbacks(${literal})\n`
    writeFileSync(join(packed.project, file), text)
    return { title, file, lines: text.split('\n') }
  })
  const project = join(packed.project, 'tsconfig.json')
  writeFileSync(project, JSON.stringify({ compilerOptions: OPTIONS, files: files.map(({ file }) => file) }))
  const args = [TSC, '--project', project, '--pretty', 'false']
  const { stdout } = spawnSync(process.execPath, args, { cwd: packed.project, encoding: 'utf8', timeout: TIMEOUT_MS })
  rmSync(project)
  const parts = stdout.split(/^(?=wrong-\d+\.mts\()/m)
  return new Map(
    files.flatMap(({ title, file, lines }) => {
      const own = parts.filter((part) => part.startsWith(`${file}(`))
      const pointed = own.map((part) => `${part}${lines[Number(/\((\d+)/.exec(part)?.[1]) - 1]}\n`)
      return own.length === 0 ? [] : [[title, pointed.join('')] as const]
    }),
  )
}
