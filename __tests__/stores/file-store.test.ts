import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileLedger } from '../../adapters/stores/file/ledger'
import { createDurableStore } from '../../lib/store/durable/store'
import type { Store } from '../../lib/base/contracts'
import { createFakeClock } from '../helpers/fake-clock'
import { describeStore, type StoreWorld } from '../helpers/store-contract'

const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

describeStore('the store in a folder', {
  isShared: false,
  isDurable: true,
  shortMs: 1000,
  async create(): Promise<StoreWorld> {
    const clock = createFakeClock()
    const folder = mkdtempSync(join(tmpdir(), 'callbacks-store-'))
    let open: Store | undefined
    return {
      async open(limits) {
        // One process at a time has it.
        await open?.close()
        const ledger = createFileLedger({ path: folder, sync: 'interval', clock, logger: QUIET })
        open = createDurableStore({ clock, ledger, isShared: false, keepMs: 1e9, logger: QUIET, ...limits })
        await open.open()
        return open
      },
      async pass(ms) {
        clock.advance(ms)
        await new Promise((resolve) => setTimeout(resolve, 30))
      },
      async end() {
        await open?.close()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
})
