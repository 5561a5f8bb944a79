import { expect } from '@jest/globals'
import { CallbackError, type ErrorCode } from '../../lib/base/errors'
import { compileTemplate, type Template } from '../../lib/template/compile'
import { createHttpClient, type HttpAnswer } from '../../lib/http/client'
import type { Fetch } from '../../lib/http/redirects'
import { compileRequest, type HttpRequest } from '../../lib/http/request/request'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'

/** A request as a component writes it, with what stands around it. */
export interface Written {
  readonly baseUrl?: unknown
  readonly baseHeaders?: unknown
  readonly path?: unknown
  readonly endpoint?: unknown
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD' | 'OPTIONS'
  readonly headers?: unknown
  readonly params?: unknown
  readonly body?: unknown
}

/** Renders a request against `input`. */
export function renderRequest(written: Written, input: unknown = {}): HttpRequest {
  const { path, endpoint, method, headers, params, body, baseUrl, baseHeaders } = written
  const spec = {
    path: toTemplate(path),
    endpoint: toTemplate(endpoint),
    method,
    headers: toTemplate(headers),
    params: toTemplate(params),
    body: toTemplate(body),
  }
  const base = { baseUrl: toTemplate(baseUrl), headers: [toTemplate(baseHeaders)] }
  return compileRequest(spec, base, 'components.api')({ input })
}

function toTemplate(source: unknown): Template | undefined {
  return source === undefined ? undefined : compileTemplate(source, { at: '' })
}

/** A client, its clock and a signal that nobody aborts unless the test does. */
export interface Client {
  send(written: Written, input?: unknown): Promise<HttpAnswer>
  readonly clock: FakeClock
  readonly controller: AbortController
}

/** Gives a client whose requests may take 30 seconds. */
export function createClient(options: { readonly fetch?: Fetch; readonly timeoutMs?: number } = {}): Client {
  const clock = createFakeClock()
  const controller = new AbortController()
  const send = createHttpClient({ fetch: options.fetch ?? fetch, clock })
  const limits = { timeoutMs: options.timeoutMs ?? 30_000, signal: controller.signal }
  return { clock, controller, send: async (written, input) => send(renderRequest(written, input), limits) }
}

/** The CallbackError that a promise or a function ends with. */
export async function errorOf(run: Promise<unknown> | (() => unknown), code: ErrorCode): Promise<CallbackError> {
  try {
    await (typeof run === 'function' ? run() : run)
  } catch (error) {
    if (!(error instanceof CallbackError)) throw error
    expect(error.code).toBe(code)
    return error
  }
  throw new Error(`expected ${code}, but nothing was thrown`)
}
