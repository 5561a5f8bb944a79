import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import { createFileLedger } from '../../adapters/stores/file/ledger'
import { createFakeClock } from '../helpers/fake-clock'
import { describeLedger } from '../helpers/ledger-contract'
import type { LedgerPlace } from '../helpers/ledger-place'

const SOON_MS = 1000
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

for (const sync of ['always', 'interval'] as const) {
  describeLedger(`in a folder, sync: ${sync}`, {
    isShared: false,
    soonMs: SOON_MS,
    async createPlace(): Promise<LedgerPlace> {
      const path = mkdtempSync(join(tmpdir(), 'file-ledger-'))
      const clock = createFakeClock()
      return {
        createLedger: () => createFileLedger({ path, sync, clock, logger: silent }),
        tick() {
          clock.advance(SOON_MS / 5)
          return new Promise((resolve) => setImmediate(resolve))
        },
        async remove() {
          expect(clock.timers).toBe(0)
          const left = readdirSync(path).filter((name) => name !== 'journal' && name !== 'reserve')
          expect(left).toEqual([])
          rmSync(path, { recursive: true })
        },
      }
    },
  })
}
