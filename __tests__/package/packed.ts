import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

export const ROOT = join(__dirname, '..', '..')

/** The package as a user gets it, installed in the folder of a project. */
export interface Packed {
  /** The project; what it imports besides the package comes from this checkout. */
  readonly project: string
  /** The installed package. */
  readonly folder: string
  /** Every file of the tarball, with slashes. */
  readonly files: readonly string[]
  remove(): void
}

/**
 * Packs what was built and installs it in a new project below `node_modules`, where its dependencies and peers are
 * found. Runs no script, so that the build which other tests use stays as it is.
 */
export function installPacked(): Packed {
  const cache = join(ROOT, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  const project = mkdtempSync(join(cache, 'express-callbacks-'))
  const folder = join(project, 'node_modules', 'express-callbacks')
  mkdirSync(folder, { recursive: true })
  const tarball = join(project, pack(project))
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'])
  return {
    project,
    folder,
    files: listFiles(folder),
    remove: () => rmSync(project, { recursive: true, force: true }),
  }
}

/** The files below a folder, sorted, with slashes. */
export function listFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

function pack(destination: string): string {
  const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', destination], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [packed] = JSON.parse(output) as readonly { readonly filename: string }[]
  if (packed === undefined) throw new Error('npm packed nothing')
  return packed.filename
}
