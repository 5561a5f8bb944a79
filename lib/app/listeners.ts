import type { Config, ListenerSpec } from '../config/normalize'
import { ConfigError } from '../base/errors'
import { checkSharedKeys } from '../listener/handshakes/shared-keys'
import { type CallbackRoute, compileListener, type ListenerContext } from '../listener/router'
import { createFindStart } from '../workflow/event-sources'
import type { Tasks } from '../workflow/tasks/tasks'

/** A listener of the config with its compiled callbacks. */
export interface CompiledListener {
  readonly listener: ListenerSpec
  readonly routes: readonly CallbackRoute[]
}

/** Compiles every listener. Throws one `ConfigError` that lists what cannot verify its sender or answer a handshake. */
export function compileListeners({ listeners }: Config, context: ListenerContext): readonly CompiledListener[] {
  const { problems } = context
  const shared = findShared(listeners)
  const compiled = listeners.map((listener) => ({ listener, routes: compileListener(listener, shared, context) }))
  problems.push(...checkSharedKeys(listeners))
  if (problems.length > 0) throw new ConfigError(problems)
  return compiled
}

/** Creates the function that tells which workflow an endpoint starts; `start` is called for each request. */
export function createStartOf(config: Config, start: Tasks['start']): ListenerContext['startOf'] {
  const findStart = createFindStart(config)
  return (endpoint, listener) => {
    const workflow = findStart(endpoint, listener)?.workflow
    if (workflow === undefined) return undefined
    return (input, outcome, kept) => {
      const headers = outcome?.headers ?? kept?.headers
      return start({ input, workflow, isUnattended: true, isRequested: true, headers }, kept)
    }
  }
}

/** The routes that several listeners have. */
function findShared(listeners: readonly ListenerSpec[]): ReadonlySet<string> {
  const routes = listeners.flatMap(({ endpoints }) => endpoints.map(({ method, fullPath }) => `${method} ${fullPath}`))
  return new Set(routes.filter((route, index) => routes.indexOf(route) !== index))
}
