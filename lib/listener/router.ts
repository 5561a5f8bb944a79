import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EndpointSpec, ListenerSpec } from '../config/normalize'
import { compileEndpoint, type Endpoint } from './endpoint'
import { compileReceive, type Receive, type ReceiveContext } from './receive'
import { type ListenerRequest, splitUrl } from './request-scope'
import type { RouteTable } from './route-table'
import { createSlots } from './slots'
import type { StartWorkflow } from './start'

/** Express middleware on the types of node:http, so that it fits Express 4, Express 5 and plain Node. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void

/** An endpoint with its compiled order of work. */
export interface CallbackRoute {
  readonly method: string
  readonly path: string
  readonly endpoint: Endpoint
  readonly receive: Receive
}

export type CallbackRoutes = RouteTable<CallbackRoute>

/** What the listeners of one `callbacks()` share. */
export interface ListenerContext extends Omit<ReceiveContext, 'slots' | 'bodyLimitBytes'> {
  /** What starts the workflow of a trigger or of an event source; undefined for an endpoint that starts nothing. */
  startOf(spec: EndpointSpec, listener: ListenerSpec): StartWorkflow | undefined
}

/** Compiles the endpoints of one listener; `shared` are the routes that other listeners have too. */
export function compileListener(
  listener: ListenerSpec,
  shared: ReadonlySet<string>,
  context: ListenerContext,
): readonly CallbackRoute[] {
  const slots = createSlots(listener.maxConcurrent, listener.maxQueue)
  return listener.endpoints.map((spec) => {
    const endpoint = compileEndpoint(spec, listener, shared, context.startOf(spec, listener))
    const receive = compileReceive(endpoint, { ...context, slots, bodyLimitBytes: listener.bodyLimitBytes })
    return { method: endpoint.method, path: endpoint.path, endpoint, receive }
  })
}

/**
 * Takes the request when it is for one of the routes, and says whether it did. Nothing of it is read before, so that
 * whoever comes next finds it untouched.
 */
export function take(
  routes: CallbackRoutes,
  request: ListenerRequest,
  response: ServerResponse,
  mountPath = '',
): boolean {
  const path = stripMount(splitUrl(request.url).path, mountPath)
  const found = path === undefined ? undefined : routes.find(request.method ?? '', path)
  if (found === undefined) return false
  void found.route.receive(request, response, found.params)
  return true
}

function stripMount(path: string, mountPath: string): string | undefined {
  if (mountPath === '') return path
  if (!path.toLowerCase().startsWith(mountPath.toLowerCase())) return undefined
  const rest = path.slice(mountPath.length)
  if (rest === '') return '/'
  return rest.startsWith('/') ? rest : undefined
}
