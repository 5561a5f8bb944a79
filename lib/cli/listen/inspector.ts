import { createServer, type Server } from 'node:http'
import { listenOn } from '../../app/servers'
import type { Clock, GatewayStatus, Logger } from '../../base/contracts'
import { CallbackError, codeOf } from '../../base/errors'
import type { Mask } from '../../base/secrets/mask'
import { json } from '../../controller/answer'
import { type Api, createApi } from '../../controller/api'
import { createDeliverySource } from '../../controller/delivery-events'
import { createDeliveryRoutes } from '../../controller/delivery-routes'
import { createEventStream } from '../../controller/event-stream'
import { createGatewayRoutes } from '../../controller/gateway-routes'
import { createActionGuard, createHostGuard, createTokenGuard } from '../../controller/guards'
import { createPageRoutes } from '../../controller/page'
import type { Route } from '../../controller/routes'
import { viewGateway } from '../../controller/views'
import type { Deliveries } from '../../deliveries/delivery'

export interface InspectorOptions {
  /** The port that is wanted; 0 asks for any that is free. */
  readonly port: number
  readonly deliveries: Deliveries
  /** The tunnel, once it was tried. */
  readonly status: () => GatewayStatus | undefined
  /** Calls a listener with each change of the tunnel; returns what stops that. */
  readonly onStatus: (listener: (status: GatewayStatus) => void) => () => void
  readonly clock: Clock
  readonly log: Logger
  readonly mask: Mask
}

/** The inspector's page on 127.0.0.1. */
export interface Inspector {
  close(): Promise<void>
}

const HOST = '127.0.0.1'
/** How many ports are tried, each the next one. */
const PORTS = 20

/** Serves the inspector's page over deliveries; the log says where. Without a free port there is none, and the log says so. */
export async function openInspector(options: InspectorOptions): Promise<Inspector> {
  const { port, deliveries, onStatus, clock, log } = options
  const source = createDeliverySource(deliveries, (tell) =>
    onStatus((status) => tell({ name: 'gateway', data: viewGateway(status) })),
  )
  const stream = createEventStream(clock, source)
  const api = createInspectorApi(options, {
    method: 'GET',
    path: '/events',
    doc: undefined,
    answer: ({ request, response }) => stream.join(request, response),
  })
  const server = createServer((request, response) => api(request, response))
  const found = await listenOnNext(server, port)
  if (found === undefined) log.warn({}, `No inspector: the ports ${port} to ${port + PORTS - 1} are in use (--inspect)`)
  else {
    const instead = found === port || port === 0 ? '' : ` (port ${port} is in use)`
    log.info({}, `Inspector: http://${HOST}:${found}/${instead}`)
  }
  return {
    async close() {
      stream.close()
      if (!server.listening) return
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

function createInspectorApi({ deliveries, mask, status, log }: InspectorOptions, events: Route): Api {
  const list = (): readonly GatewayStatus[] => [status()].filter((one) => one !== undefined)
  const health: Route = {
    method: 'GET',
    path: '/health',
    doc: undefined,
    answer() {
      const states = list().map(({ state }) => state)
      const ready = states.filter((state) => state === 'ready').length
      const gateways = { ready, not_ready: states.length - ready }
      return json(200, { status: states.length === ready ? 'ok' : 'degraded', gateways })
    },
  }
  return createApi({
    routes: [
      ...createPageRoutes(),
      ...createDeliveryRoutes({ deliveries, mask }),
      ...createGatewayRoutes(list),
      health,
      events,
    ],
    guards: {
      always: createHostGuard({ host: HOST }),
      token: createTokenGuard(undefined),
      action: createActionGuard(undefined),
    },
    basePath: '',
    logger: log,
  })
}

/** Listens on a port, or on the first one after it that is free. Returns it; undefined where none is. */
async function listenOnNext(server: Server, wanted: number): Promise<number | undefined> {
  for (let port = wanted; port < wanted + PORTS && port <= 65_535; port += 1) {
    try {
      return (await listenOn({ server, host: HOST, port })).port
    } catch (error) {
      if (!(error instanceof CallbackError) || codeOf(error.cause) !== 'EADDRINUSE') throw error
    }
  }
  return undefined
}
