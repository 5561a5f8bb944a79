import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { isMapping } from '../../base/values/plain'
import { isFormType } from '../../body/content'
import type { ListenerRequest } from '../../body/request'
import { writeJson } from '../../template/bigints'
import type { Reference } from '../../template/compile'
import { parseJson } from '../../template/exact-json'
import type { SignOptions, UnsignedRequest, VerifySpec } from '../contract'
import { misconfigured } from '../errors'
import { SignedMessage } from './message'

/** Writes a part of a proof into a request. Throws `ERR_CONFIG_VALUE` for a body that cannot hold it. */
export type Write = (request: UnsignedRequest, text: string) => UnsignedRequest

/** Writes a value where a template reads it; a number stays one only in JSON. Returns undefined for a body that cannot hold it. */
type WriteAt = (request: UnsignedRequest, value: string | number) => UnsignedRequest | undefined

type ProofKey = 'signature' | 'timestamp' | 'id'

const DIGITS = /^\d{1,15}$/

/** Creates the message that a receiver will see of a request. */
export function toMessage(request: UnsignedRequest, { env = {}, item }: SignOptions): SignedMessage {
  const { method, target, headers, body, params = {} } = request
  const rawHeaders = Object.entries(headers).flat()
  const incoming: ListenerRequest = Object.assign(new IncomingMessage(new Socket()), {
    method,
    url: target,
    headers: { ...headers },
    rawHeaders,
  })
  const publicUrlOf = (): string => request.publicUrl + target
  return new SignedMessage(incoming, body, params, { env, item, publicUrlOf })
}

/** Returns the request with a header more, or with another value of it. */
export function withHeader(request: UnsignedRequest, name: string, value: string): UnsignedRequest {
  return { ...request, headers: { ...request.headers, [name]: value } }
}

/**
 * Compiles how a part of a proof is written where its template reads it, else in the first of these headers; undefined for
 * neither. Throws `ERR_CONFIG_VALUE` for a template that reads nothing that a sender can write.
 */
export function compileWrite(spec: VerifySpec, key: ProofKey, names: readonly string[] = []): Write | undefined {
  const template = spec[key]
  const [name] = names
  if (template === undefined) return name === undefined ? undefined : (request, text) => withHeader(request, name, text)
  const [write] = template.references.flatMap((reference) => compileWriteAt(reference) ?? [])
  if (write === undefined)
    throw misconfigured(spec, key, `"${key}" reads no header, query or field of the body that could be written`)
  return (request, text) => {
    const written = write(request, key === 'timestamp' && DIGITS.test(text) ? Number(text) : text)
    if (written !== undefined) return written
    throw misconfigured(
      spec,
      key,
      `"${key}" reads a field of the body, and the body is no form or JSON that could hold it`,
    )
  }
}

/**
 * Compiles how a text is written where a template reads it: in a header, the query, or a field of the body; undefined for any
 * other place. It returns undefined for a body that cannot hold the field.
 */
export function compileWriteAt({
  source,
  path,
  isQuery,
}: Pick<Reference, 'source' | 'path' | 'isQuery'>): WriteAt | undefined {
  const [name] = path
  if (name === undefined || isQuery) return undefined
  const text = String(name)
  switch (source) {
    case 'header':
      return (request, value) => withHeader(request, text.toLowerCase(), String(value))
    case 'query':
      return (request, value) => ({ ...request, target: withQuery(request.target, text, String(value)) })
    case 'body':
    case 'item':
      return (request, value) => {
        const body = withField(request, path, value)
        return body && { ...request, body }
      }
    default:
      return undefined
  }
}

function withQuery(target: string, name: string, value: string): string {
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1))
  query.set(name, value)
  return `${path}?${query.toString()}`
}

function withField(
  { headers, body }: UnsignedRequest,
  path: Reference['path'],
  value: string | number,
): Buffer | undefined {
  const text = body.toString()
  if (isFormType(headers['content-type'])) {
    const form = new URLSearchParams(text)
    form.set(path.join('.'), String(value))
    return Buffer.from(form.toString())
  }
  const changed = setIn(readJson(text), path, value)
  return changed === undefined ? undefined : Buffer.from(writeJson(changed) ?? '')
}

function readJson(text: string): unknown {
  try {
    return text === '' ? {} : parseJson(text)
  } catch {
    return undefined
  }
}

/** Returns undefined where something on the way is neither a mapping nor a list that could hold the key. */
function setIn(target: unknown, [key, ...rest]: Reference['path'], value: string | number): unknown {
  if (key === undefined) return value
  const fresh = typeof rest[0] === 'number' ? [] : {}
  if (Array.isArray(target)) {
    if (typeof key !== 'number' || key < 0 || key > target.length) return undefined
    const inner = setIn(target[key] ?? fresh, rest, value)
    return inner === undefined ? undefined : Object.assign([...target], { [key]: inner })
  }
  if (!isMapping(target)) return undefined
  const inner = setIn((Object.hasOwn(target, key) ? target[key] : undefined) ?? fresh, rest, value)
  return inner === undefined ? undefined : { ...target, [key]: inner }
}
