import { CallbackError } from '../../../lib/errors'
import type { Clock, Ledger, Logger } from '../../../lib/types'

export interface PostgresLedgerOptions {
  readonly url: string
  readonly prefix: string
  readonly clock: Clock
  readonly logger: Logger
}

/** Placeholder until the branch of PostgreSQL is merged. Throws. */
export function createPostgresLedger(_options: PostgresLedgerOptions): Ledger {
  throw new CallbackError('ERR_CONFIG_UNSUPPORTED', { message: 'The postgres store is written on its own branch' })
}
