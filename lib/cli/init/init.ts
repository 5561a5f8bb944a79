import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { escapeControls } from '../../base/secrets/escape'
import { CallbackError, codeOf, reasonOf } from '../../base/errors'
import { listenForInterrupts } from '../interrupts'
import { EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, type Io } from '../io'
import type { InitOptions } from '../syntax/args'
import { UsageError } from '../syntax/usage-error'
import { createAsking } from './ask'
import { INIT_PROVIDERS } from './providers/providers'
import { type Choices, listDependencies, type Manifest, type ProjectFiles, writeProject } from './project'
import { INIT_TUNNELS } from './tunnels'

/**
 * Writes a new project: config, app and test for one service. Asks at a terminal for what no option says. Files that exist are
 * left as they are. Returns the exit code: 0, 1 when nothing could be written, 130 for Ctrl-C while it asks. Rejects with a
 * UsageError where an option is missing and nobody can be asked.
 */
export async function init(options: InitOptions, manifest: Manifest, io: Io): Promise<number> {
  const choices = await choose(options, io)
  if (choices === undefined) {
    io.stdout.write('\n') // the question has no line break behind it
    return EXIT_INTERRUPTED
  }
  const files = writeProject(choices, manifest)
  const written = writeFiles(files, resolve(io.cwd, options.dir))
  for (const name of Object.keys(files)) {
    const line = `${written.has(name) ? 'wrote' : 'left '} ${join(options.dir, name)}`
    io.stdout.write(`${escapeControls(written.has(name) ? line : `${line} (it exists)`)}\n`)
  }
  if (written.size === 0) return EXIT_FAILED
  const packages = Object.keys(listDependencies(choices.tunnel, manifest)).join(' ')
  const install = written.has('package.json') ? 'npm install' : `npm install ${packages}`
  io.stdout.write(
    [
      '',
      'Next:',
      `  1. ${escapeControls(options.dir === '.' ? install : `cd ${quote(options.dir)} && ${install}`)}, and node --test`,
      '  2. cp .env.example .env, and fill it in',
      '  3. node app.mjs, or npx express-callbacks up',
      '',
    ].join('\n'),
  )
  return EXIT_DONE
}

/** Returns what options and answers say; undefined after Ctrl-C. */
async function choose({ provider, tunnel, isYes }: InitOptions, io: Io): Promise<Choices | undefined> {
  if (provider !== undefined && tunnel !== undefined) return { provider, tunnel }
  if (isYes) return { provider: provider ?? 'generic', tunnel: tunnel ?? 'none' }
  if (io.stdin.isTTY !== true || io.stdout.isTTY !== true) {
    const missing = [provider ?? '--provider', tunnel ?? '--tunnel'].filter((one) => one.startsWith('--')).join(' and ')
    throw new UsageError(`There is no terminal to ask on: give ${missing}, or --yes for the defaults`)
  }
  const asking = createAsking(io)
  const interrupts = listenForInterrupts(io)
  try {
    return await Promise.race([askFor({ provider, tunnel }, asking), interrupts.first.then(() => undefined)])
  } finally {
    interrupts.stop()
    asking.close()
  }
}

async function askFor(
  { provider, tunnel }: Pick<InitOptions, 'provider' | 'tunnel'>,
  { ask }: ReturnType<typeof createAsking>,
): Promise<Choices> {
  return {
    provider: provider ?? (await ask({ text: 'Whose callbacks?', answers: describe(INIT_PROVIDERS, 'about') })),
    tunnel: tunnel ?? (await ask({ text: 'What gives it a public URL?', answers: describe(INIT_TUNNELS, 'text') })),
  }
}

/** Returns one field of each entry of a table, under the same names. */
function describe<N extends string, F extends string>(
  table: Readonly<Record<N, Readonly<Record<F, string>>>>,
  field: F,
): Record<N, string> {
  const entries = Object.entries<Readonly<Record<F, string>>>(table).map(([name, entry]) => [name, entry[field]])
  return Object.fromEntries(entries) as Record<N, string>
}

/** Writes those files that do not exist. Returns their names. Throws `ERR_CONFIG_FILE` for a folder that cannot be written. */
function writeFiles(files: ProjectFiles, folder: string): ReadonlySet<string> {
  const written = new Set<string>()
  try {
    mkdirSync(folder, { recursive: true })
    for (const [name, text] of Object.entries(files)) if (writeNew(join(folder, name), text)) written.add(name)
  } catch (cause) {
    const message = `${folder} cannot be written: ${reasonOf(cause)}; name another folder with --dir`
    throw new CallbackError('ERR_CONFIG_FILE', { message, cause })
  }
  return written
}

function writeNew(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Quotes a path for a shell where that is needed. */
function quote(path: string): string {
  return /^[\w./~:@+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
