import { listPathKeys } from '../../base/route-syntax'
import { toPathKey } from '../../base/same-path'
import type { Reading } from '../field/fields'
import { findNearest } from '../../base/values/nearest'
import type { ListenerSpec } from '../sections/listener'

/** Refuses waits for a callback that no listener has; a config without callbacks is only warned of them. */
export function checkCallbackPaths({ report, callbackPaths }: Reading, listeners: readonly ListenerSpec[]): void {
  const endpoints = listeners.flatMap((listener) => (listener.kind === 'callback' ? listener.endpoints : []))
  const known = new Set(endpoints.flatMap(({ path, fullPath }) => [path, fullPath].flatMap(listPathKeys)))
  const names = [...new Set(endpoints.flatMap(({ path, fullPath }) => [path, fullPath]))]
  for (const { path, callback } of callbackPaths) {
    if (known.has(toPathKey(callback))) continue
    const unknown = `no callback has the path ${JSON.stringify(callback)}`
    if (endpoints.length === 0)
      report.warn(path, `${unknown}; add a listener with it, or the wait fails when it runs`, 'ERR_ENDPOINT_UNKNOWN')
    else report.error(path, `${unknown}${advise(callback, names)}`, 'ERR_ENDPOINT_UNKNOWN')
  }
}

function advise(callback: string, names: readonly string[]): string {
  const nearest = findNearest(toPathKey(callback), names.map(toPathKey))
  const meant = names.find((name) => toPathKey(name) === nearest)
  const list = names.join(', ')
  return meant === undefined ? `; there are ${list}` : `. Did you mean "${meant}"? There are ${list}`
}
