import { describeLedger } from '../helpers/ledger-contract'
import { CREATE_LEDGER, createLog, describeOne, REAL_CLOCK, type StoreType } from './use-shared-ledgers'

/** Holds ledgers on a real server to the contract. */
export function describeContract(type: StoreType): void {
  let places = 0
  describeOne(type, 'the contract', (server) => {
    describeLedger(type, {
      isShared: true,
      soonMs: 300,
      async createPlace() {
        const prefix = `place-${places++}`
        return {
          createLedger() {
            const { logger } = createLog()
            return CREATE_LEDGER[type]({ url: server.url, prefix, clock: REAL_CLOCK, logger })
          },
          tick: () => new Promise((resolve) => setTimeout(resolve, 20).unref()),
          remove: async () => undefined,
        }
      },
    })
  })
}
