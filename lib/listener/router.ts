import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EndpointSpec, GatewaySpec, ListenerSpec } from '../config/normalize'
import { CallbackError, ConfigError, type Problem } from '../base/errors'
import { createSlots } from '../base/turns'
import { compileEndpoint, type Endpoint } from './endpoint'
import type { Challenge } from './handshakes/answer'
import { compileChallenges } from './handshakes/handshakes'
import { compileHandshake, compileReceive, type Receive, type ReceiveContext } from './receive'
import { mergeParams, readMountParams } from './paths/mount-params'
import type { MountPath } from './paths/mount-path'
import { checkReads } from '../verify/proof-reads'
import { createRateLimit } from './limits/rate-limit'
import { type ListenerRequest, splitUrl } from './request-scope'
import type { RouteTable } from './paths/route-table'
import { compileSenderOf } from './limits/sender-address'
import type { StartWorkflow } from './start'
import { compileVerify, compileVerifyItem, type VerifyContext } from '../verify/verify'

/** Express middleware on the types of node:http, so that it fits Express 4, Express 5 and plain Node. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void

/** An endpoint with its compiled order of work. */
export interface CallbackRoute {
  readonly method: string
  readonly path: string
  readonly endpoint: Endpoint
  readonly receive: Receive
  /** Only for handshakes that come by GET: whether a request is one. Others belong to whoever else serves the path. */
  readonly asks?: (request: ListenerRequest) => boolean
}

export type CallbackRoutes = RouteTable<CallbackRoute>

/** What the listeners of one `callbacks()` share. */
export interface ListenerContext extends Omit<
  ReceiveContext,
  'slots' | 'rateLimit' | 'bodyLimitBytes' | 'verify' | 'verifyItem' | 'challenge'
> {
  /** Those of the config; tunnels may tell who sent what comes through them. */
  readonly gateways: readonly GatewaySpec[]
  /** Fetches the keys of senders that publish them. */
  readonly fetch: typeof globalThis.fetch
  /** The URL under which a sender called, as it signs it. */
  calledUrlOf(listener: ListenerSpec, request: ListenerRequest): string
  /** What starts the workflow of a trigger or of an event source; undefined for an endpoint that starts nothing. */
  startOf(spec: EndpointSpec, listener: ListenerSpec): StartWorkflow | undefined
  /** Takes what cannot verify or answer a handshake, so that all that is wrong with a config is told together. */
  readonly problems: Problem[]
}

/** Compiles the endpoints of one listener; `shared` are the routes that other listeners have too. */
export function compileListener(
  listener: ListenerSpec,
  shared: ReadonlySet<string>,
  context: ListenerContext,
): readonly CallbackRoute[] {
  const { maxConcurrent, maxQueue } = listener
  const slots = createSlots(maxConcurrent, maxQueue, () => queueFull(maxConcurrent, maxQueue))
  const rateLimit =
    listener.rateLimit &&
    createRateLimit(listener.rateLimit, compileSenderOf(listener, context.gateways), context.clock)
  return listener.endpoints.flatMap((spec) =>
    collect(context.problems, () => {
      const endpoint = compileEndpoint(spec, listener, shared, context.startOf(spec, listener))
      const { method, path } = endpoint
      const challenge = compileChallenges(spec, context)
      const whole = spec.verify && compileVerify(spec.verify, toVerifyContext(spec, listener, context))
      const verifyItem = spec.verify && compileVerifyItem(spec.verify)
      const verify = verifyItem ? undefined : whole
      context.problems.push(...checkReads(spec))
      const own = {
        ...context,
        slots,
        rateLimit,
        bodyLimitBytes: listener.bodyLimitBytes,
        verify,
        verifyItem,
        challenge,
      }
      const route = { method, path, endpoint, receive: compileReceive(endpoint, own) }
      return [
        route,
        ...asksOf(challenge, method).map((one) => ({
          ...one,
          path,
          endpoint,
          receive: compileHandshake(endpoint, own),
        })),
      ]
    }),
  )
}

/** The methods by which handshakes come that are none of the endpoint, and how they are known. */
function asksOf(challenge: Challenge | undefined, method: string): readonly Pick<CallbackRoute, 'method' | 'asks'>[] {
  const asks = [
    { method: 'GET', asks: challenge?.asksByGet },
    { method: 'OPTIONS', asks: challenge?.asksByOptions },
  ]
  return asks.flatMap((one) =>
    one.asks === undefined || one.method === method ? [] : [{ method: one.method, asks: one.asks }],
  )
}

/** Goes on after what is wrong with a config, so that all of it is told together. */
function collect<T>(problems: Problem[], compile: () => readonly T[]): readonly T[] {
  try {
    return compile()
  } catch (error) {
    if (error instanceof ConfigError) problems.push(...error.problems)
    else if (error instanceof CallbackError)
      problems.push({ code: error.code, message: error.message, at: error.at ?? '' })
    else throw error
    return []
  }
}

function toVerifyContext({ item }: EndpointSpec, listener: ListenerSpec, context: ListenerContext): VerifyContext {
  const { clock, env, fetch, calledUrlOf } = context
  return { clock, env, fetch, item, publicUrlOf: (request) => calledUrlOf(listener, request) }
}

/** The routes as they are tried: handshakes by GET come last, so that an endpoint that is written as GET wins. */
export function sortRoutes(routes: readonly CallbackRoute[]): readonly CallbackRoute[] {
  return [...routes.filter(({ asks }) => !asks), ...routes.filter(({ asks }) => asks)]
}

/**
 * Takes the request when it is for one of the routes, and says whether it did. Nothing of it is read before, so that
 * the next handler finds it untouched.
 */
export function take(
  routes: CallbackRoutes,
  request: ListenerRequest,
  response: ServerResponse,
  mount?: MountPath,
): boolean {
  const path = splitUrl(request.url).path
  const below = mount ? mount.strip(path) : { rest: path, params: undefined }
  const found = below && routes.find(request.method ?? '', below.rest)
  if (found === undefined || found.route.asks?.(request) === false) return false
  const params = mergeParams(found.params, mount ? below?.params : readMountParams(request))
  void found.route.receive(request, response, params)
  return true
}

function queueFull(maxConcurrent: number, maxQueue: number): CallbackError {
  return new CallbackError('ERR_QUEUE_FULL', {
    message: `${maxConcurrent} callbacks are in work and ${maxQueue} wait for their turn (max_concurrent_count, max_queue)`,
  })
}
