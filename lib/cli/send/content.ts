import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { reasonOf } from '../../base/errors'
import { isMapping } from '../../base/values/plain'
import { parseForm } from '../../body/form'
import { writeJson } from '../../template/bigints'
import { parseJson } from '../../template/exact-json'
import type { Io } from '../io'
import { applySet } from '../syntax/input'
import { UsageError } from '../syntax/usage-error'

/** The content of a request. */
export interface Content {
  readonly type: string
  readonly body: Buffer
}

export const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

/** Reads a body from a file or, for `-`, from stdin. Throws a UsageError for a file that cannot be read. */
export async function readBytes(name: string, { cwd, stdin }: Pick<Io, 'cwd' | 'stdin'>): Promise<Buffer> {
  if (name === '-') return buffer(toBytes(stdin))
  return readFile(name, { cwd }, '--body')
}

/** Reads a file that an option names. Throws a UsageError for one that cannot be read. */
export function readFile(name: string, { cwd }: Pick<Io, 'cwd'>, option: string): Buffer {
  try {
    return readFileSync(resolve(cwd, name))
  } catch (error) {
    throw new UsageError(`${option} names a file that cannot be read: ${reasonOf(error)}`)
  }
}

async function* toBytes(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

/** Writes a value as a body of that type: as a form, or as JSON. */
export function writeContent(value: unknown, type: string): Buffer {
  if (!isForm(type)) return Buffer.from(writeJson(value) ?? '')
  const form = new URLSearchParams()
  for (const [name, held] of Object.entries(isMapping(value) ? value : {}))
    for (const one of Array.isArray(held) ? held : [held]) form.append(name, toText(one))
  return Buffer.from(form.toString())
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : (writeJson(value) ?? '')
}

/** Applies each `--set` to a body; without one, the bytes stay as they are. Throws a UsageError for a body that is neither JSON nor a form. */
export function applySets({ type, body }: Content, sets: readonly string[]): Buffer {
  if (sets.length === 0) return body
  return writeContent(sets.reduce<unknown>(applySet, readContent(body, type)), type)
}

function readContent(body: Buffer, type: string): unknown {
  if (body.length === 0) return undefined
  const text = body.toString()
  if (isForm(type)) return parseForm(text)
  try {
    return parseJson(text)
  } catch {
    throw new UsageError('--set changes a field of a body that is JSON or a form, and this body is neither')
  }
}

function isForm(type: string): boolean {
  return type.split(';')[0]?.trim().toLowerCase() === FORM_TYPE
}
