import type { IncomingHttpHeaders } from 'node:http'
import { readDuration } from '../app/options'
import { type OptionNames, readOptions } from '../base/given-options'
import { writeJson } from '../template/bigints'
import { call, reach, type TestedApp } from './app'
import { type SignAs, signAs } from './sign'

export interface SendOptions {
  /** Signs the request as a sender of this scheme does: `{scheme, secret}`, and the other keys of `verify` where the endpoint has them. */
  readonly sign?: SignAs | undefined
  /** Default `POST`. */
  readonly method?: string | undefined
  /** In any case; `content-type` says what a text is. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** What a sender that signs the URL has called, such as `https://hooks.example.com`; default: where the app is reached. */
  readonly publicUrl?: string | undefined
  /** How long the answer may take, in real time: milliseconds or `"10s"`; default 5 s. */
  readonly timeout?: number | string | undefined
}

/** The answer to a request. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** JSON as its value, anything else as text. */
  readonly body: unknown
}

const NAMES: OptionNames<SendOptions> = {
  sign: true,
  method: true,
  headers: true,
  publicUrl: true,
  timeout: true,
}

/**
 * Sends a callback to an app, which listens on a free port for as long as that takes, unless it listens already. A body is sent
 * as JSON; bytes and texts are sent as they are, a `URLSearchParams` as a form. Rejects with `ERR_HTTP_NETWORK` and
 * `ERR_HTTP_TIMEOUT`, and with `ERR_CONFIG_INVALID` or `ERR_CONFIG_VALUE` for a `sign` that cannot work.
 */
export async function send(app: TestedApp, path: string, body?: unknown, options: SendOptions = {}): Promise<Answer> {
  const { sign, method = 'POST', headers = {}, publicUrl, timeout = '5s' } = readOptions('send', options, NAMES)
  const timeoutMs = readDuration('timeout', timeout)
  const { type, bytes } = write(body)
  const reached = await reach(app)
  try {
    const { pathname, search } = new URL(path, 'http://localhost')
    const base = reached.url.pathname.replace(/\/$/, '')
    const unsigned = {
      method: method.toUpperCase(),
      publicUrl: publicUrl ?? reached.url.origin,
      target: base + pathname + search,
      headers: { ...(type !== undefined && { 'content-type': type }), ...inLowerCase(headers) },
      body: bytes,
    }
    const { target, ...request } = sign === undefined ? unsigned : await signAs(unsigned, sign)
    const answer = await call({ ...request, url: new URL(reached.url.origin + target), timeoutMs })
    return { status: answer.status, headers: answer.headers, body: read(answer.body, answer.headers) }
  } finally {
    await reached.close()
  }
}

function write(body: unknown): { readonly type: string | undefined; readonly bytes: Buffer } {
  if (body === undefined) return { type: undefined, bytes: Buffer.alloc(0) }
  if (body instanceof Uint8Array) return { type: 'application/octet-stream', bytes: Buffer.from(body) }
  if (body instanceof URLSearchParams)
    return { type: 'application/x-www-form-urlencoded', bytes: Buffer.from(body.toString()) }
  if (typeof body === 'string') return { type: 'text/plain; charset=utf-8', bytes: Buffer.from(body) }
  return { type: 'application/json', bytes: Buffer.from(writeJson(body) ?? 'null') }
}

function read(body: Buffer, { 'content-type': type = '' }: IncomingHttpHeaders): unknown {
  const text = body.toString()
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(type)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function inLowerCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
