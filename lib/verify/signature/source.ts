import type { VerifySpec } from '../contract'
import { hasCode } from '../../base/errors'
import { parseTemplate, type Node } from '../../template/parse'
import type { Template } from '../../template/compile'
import type { SignedMessage } from './message'
import type { ListenerRequest } from '../../body/request'
import { misconfigured, unverified } from '../errors'

/** The place of a proof in a request. */
export interface Source {
  /** How messages call it. */
  readonly name: string
  /** Returns its text, undefined when there is none. Throws `ERR_UNVERIFIED` for a header that is there twice. */
  readonly read: (message: SignedMessage) => string | undefined
  /** How its text becomes the bytes that were sent: Node reads headers as latin1. */
  readonly encoding: 'latin1' | 'utf8'
}

/** A placeholder that is just a path, such as `${header.x-id}`, without default or type. */
export interface PlainPath {
  readonly source: string
  readonly key: string | undefined
}

/**
 * Reads a header that may be there only once, since either of two could be meant: Node joins the two or takes the
 * first. `rawHeaders` rather than `headersDistinct`, which a header named `__proto__` or `constructor` makes throw in
 * Node before 20.20.2 (CVE-2026-21710). Empty counts as missing.
 */
export function readHeader({ rawHeaders, headers }: ListenerRequest, name: string): string | undefined {
  let found: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const written = rawHeaders[index]
    if (written === undefined || written.length !== name.length || written.toLowerCase() !== name) continue
    if (found !== undefined) throw unverified(`the header "${name}" comes twice`)
    found = rawHeaders[index + 1] ?? ''
  }
  // Some platforms make requests of their own and fill in `headers` alone.
  const value = found ?? (Object.hasOwn(headers, name) ? headers[name] : undefined)
  if (Array.isArray(value)) throw unverified(`the header "${name}" comes as a list`)
  return value === '' ? undefined : value
}

/** Reads one of several headers: the same thing under the names that its senders use. */
export function headerSource(names: readonly string[]): Source {
  const name = `the header ${names.map((one) => `"${one}"`).join(' or ')}`
  const [only = ''] = names
  const read: Source['read'] =
    names.length === 1 ? ({ request }) => readHeader(request, only) : ({ request }) => readOneOf(request, names)
  return { name, read, encoding: 'latin1' }
}

/**
 * A sender uses one of the names. A second header with another value may be forged, so that `dedupe_by`, for example,
 * reads it in place of the signed one.
 */
function readOneOf(request: ListenerRequest, names: readonly string[]): string | undefined {
  let found: string | undefined
  for (const name of names) {
    const value = readHeader(request, name)
    if (value === undefined) continue
    if (found !== undefined && found !== value)
      throw unverified(`the headers ${names.map((one) => `"${one}"`).join(' and ')} contradict each other`)
    found = value
  }
  // Templates find the value under each name: a replay under the other name must not be another delivery for them.
  if (found !== undefined) for (const name of names) request.headers[name] ||= found
  return found
}

/** The sources of which each is the same for every request of an endpoint. */
const FIXED: ReadonlySet<string> = new Set(['env', 'method'])

/**
 * Compiles a template of the config into a source; `key` is the key of `verify` where it stands. Throws `ERR_CONFIG_VALUE` for
 * a template that reads nothing of the request: with a secret in its place, everybody would be believed.
 */
export function templateSource(template: Template, key: string, spec: VerifySpec): Source {
  if (template.references.every(({ source }) => FIXED.has(source)))
    throw misconfigured(
      spec,
      key,
      `"${key}" reads nothing of the request; write where it stands, as in \${header.X-Name}`,
    )
  const plain = plainPath(parseTemplate(String(template.source)))
  if (plain?.source === 'header' && plain.key !== undefined) return headerSource([plain.key])
  const read = guardTemplate(template, key, spec)
  return { name: `"${key}"`, encoding: 'utf8', read: (message) => toProof(read(message), key) }
}

/** Whether one of the templates of a `verify` reads the body, which must be parsed for it. */
export function readsBody(templates: readonly (Template | undefined)[]): boolean {
  return templates.some((template) => template?.references.some(({ source }) => source === 'body' || source === 'item'))
}

function toProof(value: unknown, key: string): string | undefined {
  if (value === null || value === undefined || value === '') return undefined
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw unverified(`"${key}" gives ${Array.isArray(value) ? 'a list, as when it comes twice' : typeof value}, not text`)
}

/**
 * Compiles the reader of a template that is part of a proof. A header that is there twice, and a template that fails, are
 * `ERR_UNVERIFIED`, without the values that the reason may quote. Throws `ERR_CONFIG_VALUE` for a template that reads headers
 * without their names.
 */
export function guardTemplate(
  { references, render }: Template,
  key: string,
  spec: VerifySpec,
): (message: SignedMessage) => unknown {
  const headers = references.filter(({ source }) => source === 'header').map(({ path }) => path[0])
  const names = headers.filter((name) => typeof name === 'string')
  if (names.length < headers.length)
    throw misconfigured(spec, key, `"${key}" must name the header that it reads, as in \${header.X-Signature}`)
  return (message) => {
    for (const name of names) readHeader(message.request, name)
    try {
      return render(message)
    } catch (error) {
      if (hasCode(error, 'ERR_TEMPLATE')) throw unverified(`"${key}" cannot be read`)
      throw error
    }
  }
}

/** Returns the path of a placeholder that is a path alone, at most one key deep; undefined for any other. */
export function plainPath(node: Node): PlainPath | undefined {
  if (node.kind !== 'placeholder' || node.types.length > 0 || node.fallback !== undefined) return undefined
  const { value } = node
  if (value.kind !== 'path' || value.steps.length > 1) return undefined
  const [step] = value.steps
  if (step === undefined) return { source: value.source, key: undefined }
  return step.kind === 'key' ? { source: value.source, key: step.key } : undefined
}
