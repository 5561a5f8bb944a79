import type { ControllerSpec } from '../config/normalize'
import { toLocalHost } from '../base/values/local-host'

/** Returns where the controller of a config answers on this machine; undefined where the system chooses its port. */
export function controllerUrlOf({ ssl, host, port, basePath }: ControllerSpec): URL | undefined {
  return port === 0 ? undefined : new URL(`${ssl ? 'https' : 'http'}://${toLocalHost(host)}:${port}${basePath}`)
}

/** Returns the URL of a route of a controller. */
export function routeUrl(base: URL, route: string): URL {
  return new URL(`${base.pathname.replace(/\/$/, '')}${route}`, base)
}

/** Returns the header that a controller asks for; nothing where there is no token. */
export function authorizationOf(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` }
}
