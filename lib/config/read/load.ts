import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import { ConfigError, type Problem, codeOf } from '../../base/errors'
import { readOptions } from '../../base/given-options'
import { type ConfigDocument, createSource, type Environment, type Source } from './source'
import { parseYaml } from './yaml'

/** Variables from an option; an undefined one counts as missing. */
export type EnvOption = Readonly<Record<string, string | undefined>>

/** A path, relative to the working directory, or a `file:` URL. */
export type ConfigFile = string | URL

export interface LoadOptions {
  /** Variables for `${env.X}`, before those of the process and of `.env`. */
  readonly env?: EnvOption | undefined
}

/**
 * Reads a config from YAML files, a later one over an earlier one, with `.env` from the folder of the first.
 * Throws a ConfigError that lists every file that cannot be read and every syntax error of all of them.
 */
export function loadConfig(files: ConfigFile | readonly ConfigFile[], options: LoadOptions = {}): Source {
  const { env } = readOptions('loadConfig', options, { env: true })
  const names = (Array.isArray(files) ? files : [files]).map((file: ConfigFile) =>
    file instanceof URL ? fileURLToPath(file) : file,
  )
  const problems: Problem[] = []
  const documents = names.flatMap((file) => readDocument(file, problems))
  const [first] = names
  if (first === undefined) problems.push(fileProblem('no config file is named; name at least one'))
  const dotenv = first === undefined ? {} : readDotenv(join(dirname(first), '.env'), problems)
  if (problems.length > 0) throw new ConfigError(problems)
  return createSource(documents, readEnvironment(env, dotenv))
}

/**
 * Reads a config from YAML text, which messages call `<yaml>`; there is no `.env` beside a text.
 * Throws a ConfigError that lists every syntax error.
 */
export function parseConfig(yamlText: string, options: LoadOptions = {}): Source {
  const { env } = readOptions('parseConfig', options, { env: true })
  const { document, problems } = parseYaml(yamlText, '<yaml>')
  if (document === undefined) throw new ConfigError(problems)
  return createSource([document], readEnvironment(env))
}

/** The variables that `${env.X}` reads: those of the option, then those of the process, then those of `.env`. */
export function readEnvironment(given: EnvOption = {}, dotenv: EnvOption = {}): Environment {
  return layerEnvironment(dotenv, process.env, given)
}

/** Lays sets of variables over each other, the last one on top. */
export function layerEnvironment(...layers: readonly EnvOption[]): Environment {
  const result: Record<string, string> = {}
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer)) if (typeof value === 'string') result[name] = value
  }
  return Object.freeze(result)
}

function readDocument(file: string, problems: Problem[]): ConfigDocument[] {
  const text = readText(file, (reason) =>
    problems.push(fileProblem(`cannot read "${file}": ${reason} (looked for ${resolve(file)})`)),
  )
  if (text === undefined) return []
  const parsed = parseYaml(text, file)
  problems.push(...parsed.problems)
  return parsed.document === undefined ? [] : [parsed.document]
}

function readDotenv(file: string, problems: Problem[]): EnvOption {
  const text = readText(file, (reason, code) => {
    if (code !== 'ENOENT' && code !== 'ENOTDIR') problems.push(fileProblem(`cannot read "${file}": ${reason}`))
  })
  return text === undefined ? {} : parseEnv(text)
}

/** Reads a file without its byte order mark, which Windows editors write. */
function readText(file: string, fail: (reason: string, code?: unknown) => void): string | undefined {
  try {
    const bytes = readFileSync(file)
    if (isUtf8(bytes)) return bytes.toString().replace(/^\uFEFF/, '')
    fail('it is not in UTF-8; save it as UTF-8')
  } catch (error) {
    const code = codeOf(error)
    fail(explain(code, error), code)
  }
  return undefined
}

function explain(code: unknown, error: unknown): string {
  if (code === 'ENOENT') return 'there is no such file; create it or correct the path'
  if (code === 'EACCES') return 'reading it is not permitted; correct its permissions'
  if (code === 'EISDIR') return 'it is a folder; name the file in it'
  return String(error)
}

function fileProblem(message: string): Problem {
  return { code: 'ERR_CONFIG_FILE', message, at: '' }
}
