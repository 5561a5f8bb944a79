import type { Config, ListenerSpec } from '../../config/normalize'
import { serverOf } from '../../app/mounts'
import type { Logger } from '../../base/contracts'
import { nameOf } from '../../base/unnamed'
import { createFindStart } from '../../workflow/event-sources'

/** Writes where each endpoint can be called; `ports` are those that `listen()` opened. */
export function showEndpoints(config: Config, ports: readonly number[], log: Logger): void {
  const findStart = createFindStart(config)
  const servers = [...new Set(config.listeners.map(serverOf))]
  for (const [index, listener] of config.listeners.entries()) {
    const port = ports[servers.indexOf(serverOf(listener, index))] ?? listener.port
    for (const endpoint of listener.endpoints) {
      const url = `http://${hostOf(listener)}:${port}${endpoint.fullPath}`
      const start = findStart(endpoint, listener)
      const what = start && ` (${start.kind}: starts ${nameOf('workflow', start.workflow)})`
      log.info({ method: endpoint.method, url, ...start }, `[Listener] ${endpoint.method} ${url}${what ?? ''}`)
    }
  }
}

/** A name that can be called from this machine. */
function hostOf({ host }: ListenerSpec): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
