import type { Connection, ServerProcess } from './connection'

/** Ends a process of the server, unless that number belongs to a later one by now. */
const TERMINATE = `SELECT pg_terminate_backend(a.pid) FROM pg_stat_get_activity($1::integer) a WHERE a.backend_start::text = $2`

/** The processes that lost connections have left on the server: each may hold records, and one of few connections. */
export interface LeftBehind {
  add(connection: Connection): void
  /** Ends them. */
  end(connection: Connection): Promise<void>
}

/** Creates the list of a server on which nothing was left. */
export function createLeftBehind(): LeftBehind {
  const processes: ServerProcess[] = []
  return {
    add: ({ process }) => void (process !== undefined && processes.push(process)),
    async end(connection) {
      for (const { pid, startedAt } of processes.splice(0))
        await connection.query(TERMINATE, [pid, startedAt]).catch(() => undefined)
    },
  }
}
