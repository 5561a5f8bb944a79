import type { ListenerRequest } from '../../body/request'
import type { Params } from '../../base/route-syntax'

/**
 * Returns the parameters of the routers that a request has come through, as Express has them when it calls the
 * callbacks: those of the innermost mount, and of outer ones where each router between has `mergeParams: true`.
 * Undefined when there are none.
 */
export function readMountParams({ params }: ListenerRequest): Params | undefined {
  if (typeof params !== 'object' || params === null) return undefined
  const names = Object.keys(params)
  if (names.length === 0) return undefined
  const entries = names.flatMap((name) => {
    const value: unknown = Reflect.get(params, name)
    return isParam(value) ? [[name, value] as const] : []
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** A callback's own parameter wins over one of a router with the same name. */
export function mergeParams(own: Params, mount: Params | undefined): Params {
  return mount === undefined ? own : { ...mount, ...own }
}

/** Whether the path that the host app has stripped from a request holds parameters, and so may differ in the next one. */
export function isMountedWithParams(request: ListenerRequest): boolean {
  if (request.baseUrl === '' || request.baseUrl === undefined) return false
  // The parameters of a route (`router.post('/:id', hooks)`) are no part of the base URL.
  return request.route === undefined && readMountParams(request) !== undefined
}

function isParam(value: unknown): value is string | string[] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'))
}
