import { loadPeer } from '../../../lib/peers'

/** What is used of a client of the package pg. */
export interface PgClient {
  /** A number that the server gave to the connection: of its process, or made up by a pooler. */
  readonly processID?: number | null
  query(query: PgQuery): Promise<{ readonly rows: readonly (readonly unknown[])[] }>
  on(event: 'error' | 'end' | 'notification', listener: (value: unknown) => void): unknown
  removeListener(event: string, listener: (value: unknown) => void): unknown
}

/** A statement without a name, since a pooler may give the next one to another server process. */
export interface PgQuery {
  readonly text: string
  readonly values?: readonly unknown[]
  readonly rowMode: 'array'
}

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

/** A client that goes back to its pool, or with `true` is thrown away. */
export interface PooledClient extends PgClient {
  release(isBroken?: boolean): void
}

/** What is used of the package pg. */
export interface PgLibrary {
  readonly Client: new (options: object) => OwnClient
}

/** Loads pg, which a user installs beside this package. Throws `ERR_CONFIG_UNSUPPORTED` when it is not there. */
export function loadPg(load: () => PgLibrary = () => require('pg')): PgLibrary {
  return loadPeer('pg', 'A postgres store', load)
}
