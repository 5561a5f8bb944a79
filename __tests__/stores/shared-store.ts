import { randomUUID } from 'node:crypto'
import { createBullmqLedger } from '../../adapters/stores/bullmq'
import { createDurableStore } from '../../lib/correlation/durable-store'
import type { Clock, Store } from '../../lib/types'
import type { StoreKind, StoreWorld } from '../helpers/store-contract'

const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** The clock of the machine: a server goes by no other. */
export const REAL_CLOCK: Clock = {
  now: Date.now,
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
}

/** Stores on a server, each test with names of its own there. */
export function onServer(type: 'redis' | 'postgres', server: { readonly url: string }): StoreKind {
  return {
    isShared: true,
    isDurable: true,
    shortMs: 500,
    async create(): Promise<StoreWorld> {
      const prefix = `test-${randomUUID()}`
      const stores: Store[] = []
      return {
        async open(limits) {
          const ledger = createBullmqLedger({ type, url: server.url, prefix, clock: REAL_CLOCK, logger: QUIET })
          const options = { clock: REAL_CLOCK, ledger, isShared: true, keepMs: 60_000, logger: QUIET, ...limits }
          const store = createDurableStore(options)
          stores.push(store)
          await store.open()
          return store
        },
        async pass(ms) {
          await new Promise((resolve) => setTimeout(resolve, ms + 100))
        },
        async end() {
          await Promise.all(stores.map((store) => store.close()))
        },
      }
    },
  }
}
