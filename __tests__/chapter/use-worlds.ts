import type { CallbacksConfig, CallbacksOptions, EventName, Source, TunnelDriver, TunnelRequest } from '../../lib'
import type { Events } from '../../lib/base/events'
import { type FakeService, type ServiceAnswer, type ServiceRequest, useServices } from '../helpers/fake-service'
import { type Host, useHosts } from '../helpers/use-hosts'

/** The public URLs that the tunnels of each driver get. */
export const PUBLIC_URLS = {
  ngrok: 'https://abc123.ngrok.io',
  cloudflare: 'https://abc123.trycloudflare.com',
  ssh: 'https://remote-server.com',
} as const

/** A host, the services that its workflows call, and the internet between them. */
export interface World extends Host {
  /** What the tunnel drivers were asked for. */
  readonly tunnels: readonly TunnelRequest[]
  /** From now on an origin is played elsewhere, such as at the edge of a tunnel. */
  route(origin: string, place: string): void
  /** The service that stands for an origin. */
  service(origin: string): FakeService
  /** Posts JSON over that internet, as a service does that calls back. */
  send(url: unknown, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>
  /** Resolves with the first event from now on, or the first that fits. */
  next<Name extends EventName>(name: Name, fits?: (event: Events[Name]) => boolean): Promise<Events[Name]>
}

/** What the other side answered. */
export interface Reply {
  readonly status: number
  readonly text: string
}

/** What a service answers; it may call back before. */
export type Answer = (request: ServiceRequest, world: World) => ServiceAnswer | void | Promise<ServiceAnswer | void>

export interface Worlds {
  /** Opens a host, with services by the origins that the config has for them. */
  open(
    config: CallbacksConfig | Source,
    services?: Readonly<Record<string, Answer>>,
    options?: CallbacksOptions,
  ): Promise<World>
}

/**
 * Opens worlds for one test each. In them a config stays as it is written: `https://api.example.com` is a fake service,
 * and a tunnel's public URL is the host.
 */
export function useWorlds(): Worlds {
  const fakes = useServices()
  const hosts = useHosts()

  return {
    async open(config, answers = {}, options = {}) {
      const places = new Map<string, string>()
      const services = new Map<string, FakeService>()
      const tunnels: TunnelRequest[] = []
      const go = createInternet(places)
      let world: World | undefined

      for (const [origin, answer] of Object.entries(answers)) {
        const service = await fakes.open((request) => {
          if (world === undefined) throw new Error('a request came before the host was there')
          return answer(request, world)
        })
        services.set(origin, service)
        places.set(origin, service.origin)
      }
      const drivers = Object.entries(PUBLIC_URLS).map(([name, url]) => [name, createDriver(url, tunnels)] as const)
      const host = await hosts.open(config, { tunnels: Object.fromEntries(drivers), fetch: go, ...options })
      for (const url of Object.values(PUBLIC_URLS)) places.set(url, host.origin)
      if (options.publicUrl !== undefined) places.set(options.publicUrl, host.origin)

      world = {
        ...host,
        tunnels,
        route: (origin, place) => void places.set(origin, place),
        service(origin) {
          const service = services.get(origin)
          if (service === undefined) throw new Error(`nobody plays ${origin}`)
          return service
        },
        async send(url, body, headers) {
          const answer = await go(String(url), {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...headers },
            body: JSON.stringify(body),
          })
          return { status: answer.status, text: await answer.text() }
        },
        next: (name, fits = () => true) =>
          new Promise((resolve) => {
            const listener = (event: Events[typeof name]): void => {
              if (!fits(event)) return
              host.hooks.off(name, listener)
              resolve(event)
            }
            host.hooks.on(name, listener)
          }),
      }
      return world
    },
  }
}

/** Sends what goes to a known origin to where that is played, and nothing anywhere else. */
function createInternet(places: ReadonlyMap<string, string>): typeof fetch {
  return async (input, init) => {
    const { origin, pathname, search } = new URL(input instanceof Request ? input.url : input)
    const place = places.get(origin)
    if (place === undefined) throw new TypeError(`nobody is at ${origin}`)
    return fetch(place + pathname + search, init)
  }
}

function createDriver(publicUrl: string, requests: TunnelRequest[]): TunnelDriver {
  return async (request) => {
    requests.push(request)
    let end = (): void => undefined
    const closed = new Promise<void>((resolve) => {
      end = resolve
    })
    return { publicUrl, closed, close: async () => end() }
  }
}
