import { createFakeClock } from '../helpers/fake-clock'
import { createFakeLedgers } from '../helpers/fake-ledger'
import { describeLedger } from '../helpers/ledger-contract'

describeLedger('the fake of the tests', {
  isShared: true,
  soonMs: 1000,
  async createPlace() {
    const clock = createFakeClock()
    const ledgers = createFakeLedgers(clock)
    return {
      createLedger: ledgers.create,
      async tick() {
        clock.advance(200)
        await ledgers.settle()
      },
      remove: async () => undefined,
    }
  },
})
