import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { isMapping } from '../../base/values/plain'
import { reasonOf } from '../../base/errors'
import { parseJson as parseExact } from '../../template/exact-json'
import type { CliOptions } from './args'
import type { Io } from '../io'
import { UsageError } from './usage-error'

/** Reads the input of a workflow from `--input` and `--set`; undefined without both. Throws a UsageError. */
export async function readInput({ input, sets }: Pick<CliOptions, 'input' | 'sets'>, io: Io): Promise<unknown> {
  const given = input === undefined ? undefined : await readGiven(input, io)
  return sets.reduce<unknown>(applySet, given)
}

async function readGiven(input: string, io: Io): Promise<unknown> {
  if (input === '-') return parseJson(await text(io.stdin), 'stdin')
  if (!input.startsWith('@')) return parseJson(input, '--input')
  const file = input.slice(1)
  return parseJson(readFile(resolve(io.cwd, file), file), file)
}

function readFile(path: string, file: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const reason = reasonOf(error)
    throw new UsageError(`The input cannot be read from ${JSON.stringify(file)}: ${reason}`)
  }
}

function parseJson(source: string, name: string): unknown {
  try {
    return parseExact(source.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new UsageError(`The input in ${name} is no JSON: ${withoutExcerpt(reasonOf(error))}`)
  }
}

/** Takes out the text around the mistake, which V8 quotes and which may be a secret. */
function withoutExcerpt(reason: string): string {
  return reason.replace(/, (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, '').replace(/^".*" is not/s, 'it is not')
}

/** Applies one `--set`, such as size.width=512. Throws a UsageError. */
export function applySet(input: unknown, set: string): unknown {
  const end = set.indexOf('=')
  const path = set.slice(0, Math.max(end, 0)).split('.')
  if (path.includes(''))
    throw new UsageError(`--set needs KEY=VALUE, such as size.width=512; found ${describeSet(set)}`)
  return setIn(input, path, readValue(set.slice(end + 1)), path.join('.'))
}

/** Hides the value, which may be a secret. */
function describeSet(set: string): string {
  const [key = '', value] = set.split(/=(.*)/s)
  return JSON.stringify(value === undefined ? key : `${key}=…`)
}

function setIn(target: unknown, [key = '', ...rest]: readonly string[], value: unknown, name: string): unknown {
  if (target !== undefined && !isMapping(target)) {
    const what = Array.isArray(target) ? 'a list' : `a ${target === null ? 'null' : typeof target}`
    throw new UsageError(`--set ${name}: ${JSON.stringify(key)} cannot be set in ${what}, which is no mapping`)
  }
  const entries = Object.entries(target ?? {})
  const current = entries.find(([known]) => known === key)?.[1]
  // Unlike an assignment this makes an own key of "__proto__".
  return Object.fromEntries([...entries, [key, rest.length === 0 ? value : setIn(current, rest, value, name)]])
}

/** JSON where it can be, else text; a number whose digits JSON would lose stays text. */
function readValue(source: string): unknown {
  try {
    return parseExact(source)
  } catch {
    return source
  }
}

/** Reads the URL that an option names. Throws a UsageError, with an example, for what is none. */
export function readHttpUrl(option: string, given: string, example: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url
  throw new UsageError(`${option} must be a URL such as ${example}; found ${JSON.stringify(given)}`)
}
