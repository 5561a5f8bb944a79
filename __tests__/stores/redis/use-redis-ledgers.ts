import { randomUUID } from 'node:crypto'
import { afterEach, describe } from '@jest/globals'
import { Redis } from 'ioredis'
import { createRedisLedger, type RedisLedgerOptions } from '../../../adapters/stores/redis/ledger'
import type { Ledger, LedgerHandlers } from '../../../lib/base/contracts'
import { withoutRedis } from '../../helpers/use-redis'
import { createLog, REAL_CLOCK } from '../use-shared-ledgers'

export const HOUR = 60 * 60_000

/** Describes what needs a Redis; skips it aloud where there is none. */
export function describeRedis(title: string, tests: () => void): void {
  if (withoutRedis === undefined) describe(title, tests)
  else describe.skip(`${title} (skipped: ${withoutRedis})`, tests)
}

/** A ledger that is open, and what it told. */
export interface WatchedLedger {
  readonly ledger: Ledger
  readonly due: readonly string[]
  readonly messages: readonly unknown[]
  readonly lines: readonly string[]
  backs(): number
}

/** Creates ledgers with the prefix of the test, and clients beside them; all are closed after it. */
export function useRedisLedgers() {
  const ledgers: Ledger[] = []
  const clients: Redis[] = []
  let prefix = randomUUID()
  afterEach(async () => {
    await Promise.all(ledgers.splice(0).map((ledger) => ledger.close()))
    for (const client of clients.splice(0)) client.disconnect()
    prefix = randomUUID()
  })

  const create = (options: Partial<RedisLedgerOptions>): Ledger => {
    const { logger } = createLog()
    const ledger = createRedisLedger({ url: '', prefix, clock: REAL_CLOCK, logger, ...options })
    ledgers.push(ledger)
    return ledger
  }

  return {
    prefix: () => prefix,
    create,
    async open(
      options: Partial<RedisLedgerOptions>,
      onDue: LedgerHandlers['onDue'] = async () => ({ remove: true }),
    ): Promise<WatchedLedger> {
      const { logger, lines } = createLog()
      const [due, messages]: [string[], unknown[]] = [[], []]
      let backs = 0
      const ledger = create({ logger, ...options })
      await ledger.open({
        onDue(kind, id) {
          due.push(`${kind}/${id}`)
          return onDue(kind, id)
        },
        onMessage: (message) => void messages.push(message),
        onBack: () => void backs++,
      })
      return { ledger, due, messages, lines, backs: () => backs }
    },
    /** A client of the test's own. */
    connect(url: string): Redis {
      const client = new Redis(url)
      client.on('error', () => undefined)
      clients.push(client)
      return client
    },
  }
}
