import { CallbackError } from '../../../lib/errors'
import type { Clock, Ledger, Logger } from '../../../lib/types'

export interface RedisLedgerOptions {
  readonly url: string
  readonly prefix: string
  readonly clock: Clock
  readonly logger: Logger
}

/** Placeholder until the branch of Redis is merged. Throws. */
export function createRedisLedger(_options: RedisLedgerOptions): Ledger {
  throw new CallbackError('ERR_CONFIG_UNSUPPORTED', { message: 'The redis store is written on its own branch' })
}
