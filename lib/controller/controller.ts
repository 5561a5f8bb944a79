import type { Mask } from '../base/secrets/mask'
import type { Emitter, Events } from '../base/events'
import type { Deliveries } from '../deliveries/delivery'
import type { Router } from 'express'
import type { Config } from '../config/normalize'
import { createRouter } from '../app/mounts'
import type { StandaloneServer } from '../app/servers'
import type { Stats } from '../app/stats'
import type { Logger } from '../base/contracts'
import type { ListenerRequest } from '../body/request'
import type { StatusUrls } from '../listener/held/status-urls'
import { isMountedWithParams } from '../listener/paths/mount-params'
import { json } from './answer'
import { createApi } from './api'
import { createDeliverySource } from './delivery-events'
import { createDeliveryRoutes } from './delivery-routes'
import { createEventStream, type Tell } from './event-stream'
import { createActionGuard, createHostGuard, createTokenGuard } from './guards'
import { createGatewayRoutes } from './gateway-routes'
import { createMetrics } from './metrics'
import { describeRoutes } from './openapi/document'
import { createPageRoutes } from './page'
import { createJsonReader } from './request'
import { createRoutes, type Route, type RoutesContext } from './routes'
import { createControllerServer } from './server'
import { viewGateway, viewJobEvent, viewTaskEvent } from './views'
import { createWaitRoutes, type WaitRoutesContext } from './wait-routes'

/** The HTTP API of one `callbacks()`, in the two ways in which it is served. */
export interface Controller {
  /** To mount in a host app; always the same one. Throws `ERR_CONFIG_UNSUPPORTED` without Express. */
  router(): Router
  /** A server that does not listen yet; undefined when the config has no controller. Throws `ERR_LISTEN`. */
  createServer(): StandaloneServer | undefined
  /** Disconnects the clients that follow events. */
  close(): void
}

export interface ControllerContext extends RoutesContext {
  readonly stats: () => Stats
  readonly logger: Logger
  readonly deliveries: Deliveries
  readonly emitter: Emitter
  /** Replaces the secrets of the environment in a text. */
  readonly mask: Mask
  /** Learns where the controller is served. */
  readonly statusUrls: StatusUrls
  /** Ends the waits for an id by hand. */
  readonly endWaits: WaitRoutesContext['end']
  /** Gives up the waits for an id. */
  readonly abortWaits: WaitRoutesContext['abort']
}

/** Creates the controller; nothing is served yet. */
export function createController(context: ControllerContext): Controller {
  const { config, gateways, stats, logger, clock } = context
  const spec = config.controller
  const metrics = createMetrics({ stats, statuses: gateways.statuses })
  const stream = createEventStream(
    clock,
    createDeliverySource(context.deliveries, (tell) => followEvents(context, tell)),
  )
  const routes: readonly Route[] = [
    ...createPageRoutes(),
    ...createRoutes(context, metrics),
    ...createGatewayRoutes(() => gateways.statuses.values()),
    ...createDeliveryRoutes(context),
    ...createWaitRoutes({
      store: context.store,
      readJson: createJsonReader(clock),
      end: context.endWaits,
      abort: context.abortWaits,
    }),
    {
      method: 'GET',
      path: '/events',
      doc: {
        summary:
          'Tells of deliveries, tasks, jobs, gateways and warnings as server-sent events; deliveries after Last-Event-ID',
        answers: { 200: 'text/event-stream' },
        errors: ['ERR_STREAMS_FULL', 'ERR_CLOSED'],
      },
      answer: ({ request, response }) => stream.join(request, response),
    },
    {
      method: 'GET',
      path: '/openapi.json',
      doc: { summary: 'Describes this API in OpenAPI 3.1', answers: { 200: 'OpenApi' } },
      answer: () => json(200, describeRoutes(routes, spec?.auth !== undefined)),
    },
  ]
  const token = createTokenGuard(spec?.auth)
  const action = createActionGuard(spec?.auth)
  let mounted: Router | undefined

  return {
    router() {
      if (mounted === undefined) warnOfOpenMount(config, logger)
      mounted ??= createRouter({ mergeParams: true }).use(
        noteMount(context.statusUrls),
        createApi({ routes, guards: { always: () => undefined, token, action }, basePath: '', logger }),
      )
      return mounted
    },
    createServer() {
      if (spec === undefined) return undefined
      const api = createApi({
        routes,
        guards: { always: createHostGuard(spec), token, action },
        basePath: spec.basePath,
        logger,
      })
      return createControllerServer(spec, (request, response) => api(request, response), logger, context.statusUrls)
    },
    close: stream.close,
  }
}

/**
 * Creates middleware that learns where the host app mounts the controller. A path with parameters is not learnt: senders would be
 * told of another request's tenant.
 */
function noteMount({ noteMount: note }: StatusUrls) {
  return (request: ListenerRequest, _response: unknown, next: () => void): void => {
    const { baseUrl } = request
    if (typeof baseUrl === 'string' && !isMountedWithParams(request)) note(baseUrl)
    next()
  }
}

/** Tells of what else happens until the returned function is called. */
function followEvents({ emitter, clock }: ControllerContext, tell: Tell): () => void {
  const now = (): number => clock.now()
  const listeners = {
    task: (event: Events['task']) => tell({ name: 'task', data: viewTaskEvent(event, now()) }),
    job: (event: Events['job']) => tell({ name: 'job', data: viewJobEvent(event, now()) }),
    gateway: (event: Events['gateway']) => tell({ name: 'gateway', data: viewGateway(event) }),
    warning: (event: Events['warning']) => tell({ name: 'warning', data: event }),
  }
  emitter.on('task', listeners.task)
  emitter.on('job', listeners.job)
  emitter.on('gateway', listeners.gateway)
  emitter.on('warning', listeners.warning)
  return () => {
    emitter.off('task', listeners.task)
    emitter.off('job', listeners.job)
    emitter.off('gateway', listeners.gateway)
    emitter.off('warning', listeners.warning)
  }
}

/** Warns of a mounted controller that anybody on the internet can use. */
function warnOfOpenMount({ controller, gateways, listeners }: Config, logger: Logger): void {
  const isPublic = gateways.length > 0 || listeners.some(({ publicUrl }) => publicUrl !== undefined)
  if (controller?.auth !== undefined || !isPublic) return
  const advice = 'mount it behind a login of your own, or give the config controller: {auth: {type: bearer, token: …}}'
  logger.warn({}, `The mounted controller has no auth, and this app has a public URL; ${advice}`)
}
