import { randomUUID } from 'node:crypto'
import { createDurableStore } from '../../lib/store/durable/store'
import type { Store } from '../../lib/base/contracts'
import { CREATE_LEDGER, REAL_CLOCK } from './use-shared-ledgers'
import type { StoreKind, StoreWorld } from '../helpers/store-contract'

const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

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
          const ledger = CREATE_LEDGER[type]({ url: server.url, prefix, clock: REAL_CLOCK, logger: QUIET })
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
