import type { Config, EndpointSpec, ListenerSpec } from '../config/normalize'
import type { Logger } from '../types'
import { createIsEventSource } from '../workflow/event-sources'

/** Writes where each endpoint can be called; `ports` are those that `listen()` opened. */
export function showEndpoints(config: Config, ports: readonly number[], log: Logger): void {
  const startOf = createStartOf(config)
  const servers = [...new Set(config.listeners.map(serverOf))]
  for (const [index, listener] of config.listeners.entries()) {
    const port = ports[servers.indexOf(serverOf(listener, index))] ?? listener.port
    for (const endpoint of listener.endpoints) {
      const url = `http://${hostOf(listener)}:${port}${endpoint.fullPath}`
      const start = startOf(endpoint, listener)
      const what = start && ` (${start.kind}: starts workflow ${JSON.stringify(start.workflow)})`
      log.info({ method: endpoint.method, url, ...start }, `[Listener] ${endpoint.method} ${url}${what ?? ''}`)
    }
  }
}

/** Listeners of one address share a server; each that asks for any free port has its own. */
function serverOf({ host, port }: ListenerSpec, index: number): string {
  return port === 0 ? `any ${index}` : `${host} ${port}`
}

/** A name that can be called from this machine. */
function hostOf({ host }: ListenerSpec): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

interface Start {
  readonly kind: 'trigger' | 'event source'
  readonly workflow: string
}

/** Says which workflow a request may start. */
function createStartOf(config: Config): (endpoint: EndpointSpec, listener: ListenerSpec) => Start | undefined {
  const isEventSource = createIsEventSource(config)
  const byDefault = [...config.workflows.values()].find(({ isDefault }) => isDefault)?.id
  return (endpoint, listener) => {
    const workflow = endpoint.workflow === undefined ? byDefault : endpoint.workflow
    if (typeof workflow !== 'string') return undefined
    if (listener.kind === 'trigger') return { kind: 'trigger', workflow }
    return isEventSource(endpoint, listener) ? { kind: 'event source', workflow } : undefined
  }
}
