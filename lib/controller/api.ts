import type { ServerResponse } from 'node:http'
import { CallbackError } from '../base/errors'
import { compileStrip } from '../base/same-path'
import { type ListenerRequest, splitUrl } from '../body/request'
import type { Logger } from '../base/contracts'
import { send, toRefusal } from './answer'
import type { Guard } from './guards'
import type { Call, Route } from './routes'

/** Answers requests. A request for no route goes to `next`; without `next` it is answered with 404. */
export type Api = (request: ListenerRequest, response: ServerResponse, next?: () => void) => void

export interface ApiOptions {
  readonly routes: readonly Route[]
  readonly guards: Guards
  /** Empty, or with a leading and without a trailing slash. */
  readonly basePath: string
  readonly logger: Logger
}

/** What a request must pass before anything is read of it, in their order. */
export interface Guards {
  readonly always: Guard
  /** For routes that are not open. */
  readonly token: Guard
  /** For routes that change something. */
  readonly action: Guard
}

/** Creates the HTTP API of its routes. */
export function createApi({ routes, guards, basePath, logger }: ApiOptions): Api {
  const stripBase = compileStrip(basePath)
  const patterns = routes.map((route) => ({ route, pattern: compilePath(route.path) }))

  function find({ method, url = '' }: ListenerRequest): { readonly route: Route; readonly id: string } | undefined {
    const path = stripBase(url.replace(/[?#].*$/s, ''))?.replace(/\/$/, '')
    if (path === undefined) return undefined
    const wanted = method === 'HEAD' ? 'GET' : method
    for (const { route, pattern } of patterns) {
      const match = route.method === wanted ? pattern.exec(path) : null
      if (match) return { route, id: decodeId(match[1] ?? '') }
    }
    return undefined
  }

  async function answer(call: Call, route: Route | undefined): Promise<void> {
    const { request, response } = call
    try {
      guards.always(request)
      if (!route?.isOpen) guards.token(request)
      if (route === undefined) throw notFound(request)
      if (route.isAction) guards.action(request)
      const answering = await route.answer(call)
      if (answering) send(response, answering)
    } catch (error) {
      send(response, toRefusal(error, logger))
    }
  }

  return (request, response, next) => {
    const found = find(request)
    if (found === undefined && next) return next()
    const query = new URLSearchParams(splitUrl(request.url).query)
    void answer({ request, response, id: found?.id ?? '', query }, found?.route)
  }
}

function compilePath(path: string): RegExp {
  const escaped = path.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${escaped.replace('{id}', '([^/]+)')}$`)
}

/** A segment that is no valid encoding is taken as it is written. */
function decodeId(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function notFound({ method = '', url = '' }: ListenerRequest): CallbackError {
  const message = `The controller has nothing at ${method} ${url.slice(0, 200)}`
  return new CallbackError('ERR_NOT_FOUND', { message })
}
