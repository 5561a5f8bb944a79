import type { Store } from '../base/contracts'
import { createRegistry, type RegistryOptions } from './registry'

/** The store that keeps everything in this process and nothing beyond it. */
export function createMemoryStore(options: RegistryOptions): Store {
  const registry = createRegistry(options)
  return {
    open: () => Promise.resolve(),
    wait: registry.wait,
    deliver: registry.deliver,
    trigger: registry.trigger,
    progress: registry.progress,
    stats: registry.stats,
    outdate: registry.outdate,
    list: registry.list,
    close() {
      registry.close()
      return Promise.resolve()
    },
  }
}
