import { createDurableStore } from '../../lib/store/durable/store'
import { createMemoryStore } from '../../lib/store/registry'
import type { Store } from '../../lib/base/contracts'
import { createFakeClock } from '../helpers/fake-clock'
import { createFakeLedgers } from '../helpers/fake-ledger'
import { describeStore, type StoreWorld } from '../helpers/store-contract'

const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

describeStore('the store in memory', {
  isShared: false,
  isDurable: false,
  shortMs: 1000,
  async create(): Promise<StoreWorld> {
    const clock = createFakeClock()
    const stores: Store[] = []
    return {
      async open(limits) {
        const store = createMemoryStore({ clock, ...limits })
        stores.push(store)
        return store
      },
      async pass(ms) {
        clock.advance(ms)
      },
      async end() {
        for (const store of stores) await store.close()
      },
    }
  },
})

describeStore('a durable store on a ledger that several processes share', {
  isShared: true,
  isDurable: true,
  shortMs: 1000,
  async create(): Promise<StoreWorld> {
    const clock = createFakeClock()
    const ledgers = createFakeLedgers(clock)
    const stores: Store[] = []
    return {
      async open(limits) {
        const ledger = ledgers.create()
        const store = createDurableStore({ clock, ledger, isShared: true, keepMs: 1e9, logger: QUIET, ...limits })
        await store.open()
        stores.push(store)
        return store
      },
      async pass(ms) {
        clock.advance(ms)
        await ledgers.settle()
      },
      async end() {
        for (const store of stores) await store.close()
      },
    }
  },
})
