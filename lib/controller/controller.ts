import type { Router } from 'express'
import type { Config } from '../config/normalize'
import { createRouter } from '../app/mounts'
import type { StandaloneServer } from '../app/servers'
import type { Stats } from '../app/stats'
import type { Logger } from '../base/contracts'
import { createActionGuard } from './action-guard'
import { createApi } from './api'
import { createHostGuard, createTokenGuard } from './guards'
import { createMetrics } from './metrics'
import { createRoutes, type RoutesContext } from './routes'
import { createControllerServer } from './server'
/** The HTTP API of one `callbacks()`, in the two ways in which it is served. */
export interface Controller {
  /** To mount in a host app; always the same one. Throws `ERR_CONFIG_UNSUPPORTED` without Express. */
  router(): Router
  /** A server that does not listen yet; undefined when the config has no controller. Throws `ERR_LISTEN`. */
  createServer(): StandaloneServer | undefined
}

export interface ControllerContext extends RoutesContext {
  readonly stats: () => Stats
  readonly logger: Logger
}

/** Creates the controller; nothing is served yet. */
export function createController(context: ControllerContext): Controller {
  const { config, gateways, stats, logger } = context
  const spec = config.controller
  const metrics = createMetrics({ stats, statuses: gateways.statuses })
  const routes = createRoutes(context, metrics)
  const token = createTokenGuard(spec?.auth)
  const action = createActionGuard(spec?.auth)
  let mounted: Router | undefined

  return {
    router() {
      if (mounted === undefined) warnOfOpenMount(config, logger)
      mounted ??= createRouter().use(
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
      return createControllerServer(spec, (request, response) => api(request, response), logger)
    },
  }
}

/** Warns of a mounted controller that anybody on the internet can use. */
function warnOfOpenMount({ controller, gateways, listeners }: Config, logger: Logger): void {
  const isPublic = gateways.length > 0 || listeners.some(({ publicUrl }) => publicUrl !== undefined)
  if (controller?.auth !== undefined || !isPublic) return
  const advice = 'mount it behind a login of your own, or give the config controller: {auth: {type: bearer, token: …}}'
  logger.warn({}, `The mounted controller has no auth, and this app has a public URL; ${advice}`)
}
