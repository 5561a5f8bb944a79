import { execFileSync } from 'node:child_process'
import { readFileSync, existsSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { installPacked, listFiles, type Packed, ROOT } from './packed'

const IMPORT = /(?:\brequire\(|\bfrom |\bimport\()["']([^"']+)["']/g

/** The inspector, which is copied as it is. */
const PAGE = 'controller/inspector'

let packed: Packed

beforeAll(() => {
  packed = installPacked()
})

afterAll(() => packed.remove())

/** Never the folder as a whole: a `.env` that somebody has filled in would be published. */
const EXAMPLES = ['md', 'mjs', 'js', 'yml'].map((type) => `examples/**/*.${type}`)

describe('the tarball', () => {
  test('holds the manifest, the texts, the build and the examples, and nothing else', () => {
    const tops = new Set(packed.files.map((file) => file.split('/')[0]))
    expect([...tops]).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'examples', 'package.json'])

    const built = packed.files.filter((file) => file.startsWith('dist/'))
    const other = built.filter((file) => !/^dist\/(lib|adapters)\/[\w./-]+\.(js|d\.ts)$/.test(file))
    const page = listFiles(join(ROOT, 'lib', PAGE)).map((file) => `dist/lib/${PAGE}/${file}`)
    expect(page).toContain(`dist/lib/${PAGE}/index.html`)
    expect(other.toSorted()).toEqual([...page.filter((file) => !file.endsWith('.js')), 'dist/schema.json'])
    expect(packed.files.filter((file) => file.startsWith(`dist/lib/${PAGE}/`))).toEqual(page)
  })

  test('holds every file of the examples, but never the variables that somebody has filled in', () => {
    const examples = listFiles(join(ROOT, 'examples')).filter((file) => !file.endsWith('.env'))
    expect(packed.files.filter((file) => file.startsWith('examples/'))).toEqual(
      examples.map((file) => `examples/${file}`),
    )
  })

  test('has code and types of every source file, and none of a file that is gone', () => {
    const rooms = ['lib', 'adapters'].filter((room) => existsSync(join(ROOT, room)))
    const sources = rooms.flatMap((room) =>
      listFiles(join(ROOT, room))
        .filter((file) => file.endsWith('.ts'))
        .map((file) => `dist/${room}/${file.replace(/\.ts$/, '')}`),
    )
    const modules = [...sources.map((name) => `${name}.js`), ...sources.map((name) => `${name}.d.ts`)].sort()

    const isPage = (file: string): boolean => file.startsWith(`dist/lib/${PAGE}/`)
    const built = packed.files.filter((file) => file.startsWith('dist/') && file !== 'dist/schema.json')
    expect(built.filter((file) => !isPage(file))).toEqual(modules)
  })

  test('points to no source map', () => {
    expect(packed.files.filter((file) => read(file).includes('sourceMappingURL'))).toEqual([])
  })

  test('imports what Node has, its own files, dependencies and peers, and nothing that is only there for development', () => {
    const { dependencies, peerDependencies } = readManifest()
    const allowed = new Set([...names(dependencies), ...names(peerDependencies)])
    const imported = packed.files
      .filter((file) => /^dist\/.*\.(js|d\.ts)$/.test(file))
      .flatMap((file) => [...read(file).matchAll(IMPORT)].map(([, name = '']) => name))
      .filter((name) => !name.startsWith('.') && !builtinModules.includes(name.replace(/^node:/, '')))

    expect([...new Set(imported)].filter((name) => !allowed.has(name))).toEqual([])
    expect(names(dependencies).filter((name) => !imported.includes(name))).toEqual([])
  })
})

describe('package.json', () => {
  test('gives types and code to require and import alike, and the schema by its own name', () => {
    expect(readManifest()).toMatchObject({ type: 'commonjs', files: ['dist', ...EXAMPLES, 'CHANGELOG.md'] })
    const { exports } = readManifest()
    expect(exports).toEqual({
      '.': { types: './dist/lib/index.d.ts', default: './dist/lib/index.js' },
      './schema.json': './dist/schema.json',
      './package.json': './package.json',
    })
    expect(Object.keys(exports['.'] ?? {})[0]).toBe('types')
  })

  test('every file that it names is in the tarball', () => {
    const { main, types, bin, exports } = readManifest()
    const targets = Object.values(exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    )
    const missing = [main, types, ...Object.values(bin), ...targets].filter(
      (name) => !packed.files.includes(name.replace(/^\.\//, '')),
    )
    expect(missing).toEqual([])
  })

  test('brings the command line, which Node runs', () => {
    expect(readManifest().bin).toEqual({ 'express-callbacks': 'dist/lib/cli.js' })
    expect(read('dist/lib/cli.js')).toMatch(/^#!\/usr\/bin\/env node\n/)
    const run = (...argv: string[]): string =>
      execFileSync(process.execPath, [join(packed.folder, 'dist', 'lib', 'cli.js'), ...argv], { encoding: 'utf8' })
    expect(run('--version')).toBe(`${readManifest().version}\n`)
    expect(run('schema')).toBe(read('dist/schema.json'))
  })

  test('names the versions of Node and Express that it runs on', () => {
    expect(readManifest()).toMatchObject({
      engines: { node: '>=20.19' },
      peerDependencies: { express: '^4.21.0 || ^5.0.0', '@types/express': '*' },
      peerDependenciesMeta: { '@types/express': { optional: true } },
    })
    expect(readManifest().dependencies).not.toHaveProperty('express')
  })

  test('runs nothing on the machine of who installs it', () => {
    const scripts = Object.keys(readManifest().scripts)
    expect(scripts.filter((name) => ['preinstall', 'install', 'postinstall', 'prepare'].includes(name))).toEqual([])
  })
})

interface Manifest {
  readonly version: string
  readonly main: string
  readonly types: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
}

function readManifest(): Manifest {
  return JSON.parse(read('package.json')) as Manifest
}

function read(file: string): string {
  return readFileSync(join(packed.folder, file), 'utf8')
}

function names(versions: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(versions)
}
