/** A `Pool` of the package pg, as far as it is used. */
export interface PostgresPool {
  connect(): Promise<PostgresPoolClient>
}

/** A client of such a pool. */
export interface PostgresPoolClient {
  /** A number that the server gave to the connection: of its process, or made up by a pooler. */
  readonly processID?: number | null
  query(query: PostgresQuery): Promise<{ readonly rows: readonly (readonly unknown[])[] }>
  on(event: 'error' | 'end' | 'notification', listener: (value: unknown) => void): unknown
  removeListener(event: string, listener: (value: unknown) => void): unknown
  /** Returns the client to its pool, or with `true` throws it away. */
  release(isBroken?: boolean): void
}

/** A statement without a name, since a pooler may give the next one to another server process. */
export interface PostgresQuery {
  readonly text: string
  readonly values?: readonly unknown[]
  readonly rowMode: 'array'
}

/** What is used of a client of the package ioredis that an app gives to a store: a `Redis` or a `Cluster`. */
export interface GivenRedis {
  readonly options: object
  call(command: string, ...args: readonly string[]): Promise<unknown>
  duplicate(...override: never): unknown
}

/**
 * Returns a url for each node in the url of a Redis Cluster, whose hosts are separated by commas:
 * `redis://a:7000,b:7001`.
 */
export function splitNodes(url: string): readonly string[] {
  const [, begin = '', hosts = '', end = ''] = /^(\w+:\/\/(?:.*@)?)([^/?#@]*)(.*)$/s.exec(url) ?? []
  return hosts.split(',').map((host) => `${begin}${host}${end}`)
}
