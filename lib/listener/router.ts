import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EndpointSpec, GatewaySpec, ListenerSpec } from '../config/normalize'
import type { Emitter } from '../base/events'
import type { Clock, Logger, Store } from '../base/contracts'
import { CallbackError, ConfigError, type Problem } from '../base/errors'
import { createEnvMask } from '../base/secrets/env-mask'
import { createSlots, type Slots } from '../base/turns'
import { compileEndpoint, type Endpoint } from './endpoint'
import type { Challenge } from './handshakes/answer'
import { compileChallenges } from './handshakes/handshakes'
import { compileWhen } from './checks/when'
import { compileItem, type ReceiveItem } from './item'
import { compileHandshake, compileReceive, type ReceiveContext } from './receive'
import type { Holding } from './held/holding'
import type { Receive } from './refusals'
import { compileRepeat, type Repeat } from './repeat'
import type { Recorder } from '../deliveries/deliveries'
import { mergeParams, readMountParams } from './paths/mount-params'
import type { MountPath } from './paths/mount-path'
import { checkReads } from '../verify/proof-reads'
import { createRateLimit, type RateLimit } from './limits/rate-limit'
import { type ListenerRequest, splitUrl } from '../body/request'
import type { RouteTable } from './paths/route-table'
import { compileSenderOf } from './limits/sender-address'
import { type StartWorkflow, contentOf } from './start'
import { compileVerify, compileVerifyItem } from '../verify/verify'
import { compileTrigger } from './trigger'
import type { Verify, VerifyItem } from '../verify/contract'

/** Express middleware on the types of node:http, so that it fits Express 4, Express 5 and plain Node. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void

/** An endpoint with its compiled order of work. */
export interface CallbackRoute {
  readonly method: string
  readonly path: string
  readonly endpoint: Endpoint
  readonly receive: Receive
  readonly repeat: Repeat
  /** Only for handshakes by another method: whether a request is a handshake. Other requests are left to the next handler. */
  readonly asks?: (request: ListenerRequest) => boolean
}

export type CallbackRoutes = RouteTable<CallbackRoute>

/** What the listeners of one `callbacks()` share. */
export interface ListenerContext {
  readonly store: Store
  readonly emitter: Emitter
  readonly logger: Logger
  readonly clock: Clock
  readonly env: Readonly<Record<string, string>>
  /** The gateways of the config; a tunnel may tell the address of the sender. */
  readonly gateways: readonly GatewaySpec[]
  /** Fetches the keys of senders that publish them. */
  readonly fetch: typeof globalThis.fetch
  /** Takes what cannot verify or answer a handshake, so that all faults of a config are told together. */
  readonly problems: Problem[]
  /** Notes what becomes of requests; undefined where nothing is noted. */
  readonly recorder: Recorder | undefined
  /** Holds requests until the runs end that they have started. */
  readonly holding: Holding
  isClosing(): boolean
  /** Whether nothing new is started. */
  isDraining(): boolean
  /** Whether a request has told a service to call this endpoint. */
  isPointedAt(endpoint: string): boolean
  /** The URL under which a sender called, as it signs it. */
  calledUrlOf(listener: ListenerSpec, request: ListenerRequest): string
  /** Returns the function that starts the workflow of a trigger or of an event source; undefined for other endpoints. */
  startOf(spec: EndpointSpec, listener: ListenerSpec): StartWorkflow | undefined
}

/** Compiles the endpoints of one listener; `shared` are the routes that other listeners have too. */
export function compileListener(
  listener: ListenerSpec,
  shared: ReadonlySet<string>,
  context: ListenerContext,
): readonly CallbackRoute[] {
  const { clock, gateways, problems } = context
  const { maxConcurrent, maxQueue } = listener
  const mask = createEnvMask(context.env)
  const limits = {
    slots: createSlots(maxConcurrent, maxQueue, () => queueFull(maxConcurrent, maxQueue)),
    rateLimit: listener.rateLimit && createRateLimit(listener.rateLimit, compileSenderOf(listener, gateways), clock),
  }
  return listener.endpoints.flatMap((spec) =>
    collect(problems, () => {
      const endpoint = compileEndpoint(spec, listener, shared, context.startOf(spec, listener), { mask, clock })
      return compileRoutes(endpoint, limits, context)
    }),
  )
}

/** Compiles the route of an endpoint, and the routes of its handshakes by other methods. */
function compileRoutes(endpoint: Endpoint, limits: Limits, context: ListenerContext): readonly CallbackRoute[] {
  const { spec, method, path, listener } = endpoint
  const challenge = compileChallenges(spec, context)
  const proof = compileProof(endpoint, context)
  const receiveItem = listener.kind === 'trigger' ? compileTrigger(endpoint, context) : compileItem(endpoint, context)
  const counted = compileWhen(endpoint, receiveItem, context)
  context.problems.push(...checkReads(spec))
  const own: ReceiveContext = {
    ...context,
    ...limits,
    bodyLimitBytes: listener.bodyLimitBytes,
    verify: proof.whole,
    challenge,
    receiveItem: proof.item === undefined ? counted : provedFirst(proof.item, counted, spec),
  }
  const repeat = compileRepeat(endpoint, own)
  const route = { method, path, endpoint, receive: compileReceive(endpoint, own), repeat }
  const asked = asksOf(challenge, method).map((one) => ({
    ...one,
    path,
    endpoint,
    receive: compileHandshake(endpoint, own),
    repeat,
  }))
  return [route, ...asked]
}

/** What limits the requests of one listener. */
interface Limits {
  readonly slots: Slots
  readonly rateLimit: RateLimit | undefined
}

/** The proof of a request as a whole, or of each item; neither where an endpoint verifies nobody. */
interface Proof {
  readonly whole?: Verify | undefined
  readonly item?: VerifyItem | undefined
}

function compileProof({ spec: { verify, item }, listener }: Endpoint, context: ListenerContext): Proof {
  if (verify === undefined) return {}
  const { clock, env, fetch, calledUrlOf } = context
  const publicUrlOf = (request: ListenerRequest): string => calledUrlOf(listener, request)
  const whole = compileVerify(verify, { clock, env, fetch, item, publicUrlOf })
  const each = compileVerifyItem(verify)
  return each === undefined ? { whole } : { item: each }
}

function provedFirst(verifyItem: VerifyItem, receiveItem: ReceiveItem, spec: EndpointSpec): ReceiveItem {
  return (scope) => {
    verifyItem(contentOf(spec, scope))
    return receiveItem(scope)
  }
}

/** Lists the other methods by which handshakes come, with the test for each. */
function asksOf(challenge: Challenge | undefined, method: string): readonly Pick<CallbackRoute, 'method' | 'asks'>[] {
  const asks = [
    { method: 'GET', asks: challenge?.asksByGet },
    { method: 'OPTIONS', asks: challenge?.asksByOptions },
  ]
  return asks.flatMap((one) =>
    one.asks === undefined || one.method === method ? [] : [{ method: one.method, asks: one.asks }],
  )
}

/** Goes on after a fault of the config, so that all faults are told together. */
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

/** Sorts routes into the order in which they are tried: handshakes come last, so that an endpoint with the method GET wins. */
export function sortRoutes(routes: readonly CallbackRoute[]): readonly CallbackRoute[] {
  return [...routes.filter(({ asks }) => !asks), ...routes.filter(({ asks }) => asks)]
}

/**
 * Serves the request when it fits one of the routes, and returns whether it fits. Nothing of the request is read before, so
 * that the next handler finds it untouched.
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
