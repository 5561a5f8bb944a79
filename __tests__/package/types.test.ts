import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parsePage } from '../pages/pages'
import { OPTIONS, TSC } from './compiler'
import { installPacked, type Packed, ROOT } from './packed'

const TIMEOUT_MS = 60_000

let packed: Packed

beforeAll(() => {
  packed = installPacked()
  writeFileSync(join(packed.project, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS }))
})

afterAll(() => packed.remove())

test.each(['cts', 'mts'])(
  'an app in a .%s file compiles',
  (extension) => {
    const file = `consumer.${extension}`
    copyFileSync(join(__dirname, 'consumer.ts'), join(packed.project, file))
    expect(compile(file)).toEqual({ status: 0, output: '' })
  },
  TIMEOUT_MS,
)

test.each(['Start > js', 'Start > js 2', 'Run a workflow > js'])(
  'the block README.md > %s compiles as TypeScript',
  (heading) => {
    const file = `${heading.replaceAll(/\W+/g, '-')}.mts`
    const { blocks } = parsePage('README.md', readFileSync(join(ROOT, 'README.md'), 'utf8'))
    const block = blocks.find(({ name }) => name === `README.md > ${heading}`)
    writeFileSync(join(packed.project, file), block?.code ?? '')
    expect([block !== undefined, compile(file)]).toEqual([true, { status: 0, output: '' }])
  },
  TIMEOUT_MS,
)

test(
  'every type that lib/index.ts exports can be imported',
  () => {
    const names = exportedTypes()
    expect(names.length).toBeGreaterThan(20)
    writeFileSync(
      join(packed.project, 'names.mts'),
      `import type { ${names.join(', ')} } from 'express-callbacks'\n${names.map((name) => `export type { ${name} }`).join('\n')}\n`,
    )
    expect(compile('names.mts')).toEqual({ status: 0, output: '' })
  },
  TIMEOUT_MS,
)

test(
  'a mistake does not compile',
  () => {
    writeFileSync(
      join(packed.project, 'mistake.mts'),
      `import { callbacks } from 'express-callbacks'\ncallbacks({ listener: { pth: '/done' } })\n`,
    )
    expect(compile('mistake.mts')).toEqual({ status: expect.any(Number), output: expect.stringContaining("'pth'") })
  },
  TIMEOUT_MS,
)

function compile(file: string): { readonly status: number | null; readonly output: string } {
  const config = JSON.stringify({ extends: './tsconfig.json', files: [file] })
  const project = `tsconfig.${file}.json`
  writeFileSync(join(packed.project, project), config)
  const { status, stdout } = spawnSync(process.execPath, [TSC, '--project', project], {
    cwd: packed.project,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  })
  return { status, output: stdout }
}

/** The names behind `type` in the export lists of lib/index.ts. */
function exportedTypes(): readonly string[] {
  const text = readFileSync(join(ROOT, 'lib', 'index.ts'), 'utf8')
  return [...text.matchAll(/export (type )?\{([^}]*)\}/g)].flatMap(([, isType, list = '']) =>
    list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && (isType !== undefined || name.startsWith('type ')))
      .map((name) => name.replace(/^type /, '')),
  )
}
