import type { PostgresPoolClient } from '../../../../lib/base/given-clients'
import { loadPeer } from '../../../../lib/base/peers'

/** What is used of a client of the package pg. */
export type PgClient = Omit<PostgresPoolClient, 'release'>

export interface PgNotification {
  readonly channel: string
  readonly payload?: string | undefined
}

/** A client that belongs to nobody else. */
export interface OwnClient extends PgClient {
  connect(): Promise<unknown>
  end(): Promise<void>
  /** Where its socket is. */
  readonly connection?: { readonly stream?: { destroy(): unknown } }
}

/** What is used of the package pg. */
export interface PgLibrary {
  readonly Client: new (options: object) => OwnClient
}

/** Loads pg, which a user installs beside this package. Throws `ERR_CONFIG_UNSUPPORTED` when it is not there. */
export function loadPg(load: () => PgLibrary = () => require('pg')): PgLibrary {
  return loadPeer('pg', 'A postgres store', load)
}
