import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import { findFreePorts } from './free-ports'
import { createTestServer, type TestServer } from './server-process'
import { findUser, POSTGRES_PASSWORD } from './use-postgres'

const program = ['/usr/sbin', ...(process.env['PATH'] ?? '').split(delimiter)]
  .map((folder) => join(folder, 'pgbouncer'))
  .find((path) => existsSync(path))

/** Why no PgBouncer can be started here; undefined when it can. */
export const withoutPgbouncer = program === undefined ? 'apt-get install pgbouncer' : undefined

/** A PgBouncer of a test file. */
export interface TestPgbouncer extends TestServer {
  readonly url: string
}

/** Runs a PgBouncer in front of a PostgreSQL while the tests of this file run; a client of it has a server process for a transaction. */
export function usePgbouncer(postgres: { readonly port: number }, mode = 'transaction', poolSize = 5): TestPgbouncer {
  let folder = ''
  let port = 0
  let server: TestServer | undefined

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'express-callbacks-pgbouncer-'))
    port = (await findFreePorts(1))[0] ?? 0
    const user = findUser()
    const config = join(folder, 'pgbouncer.ini')
    writeFileSync(
      config,
      [
        '[databases]',
        `postgres = host=127.0.0.1 port=${postgres.port} user=postgres password=${POSTGRES_PASSWORD}`,
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        `listen_port = ${port}`,
        'unix_socket_dir =',
        'auth_type = any',
        `pool_mode = ${mode}`,
        `default_pool_size = ${poolSize}`,
        'max_client_conn = 200',
        'server_login_retry = 1',
      ].join('\n'),
    )
    if (user !== undefined) for (const path of [folder, config]) chownSync(path, user.uid, user.gid)
    server = createTestServer({
      program: program ?? 'pgbouncer',
      args: [config],
      ready: 'process up',
      options: { cwd: folder, ...user },
    })
    await server.start()
  })
  afterAll(async () => {
    await server?.stop()
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  return {
    get url() {
      return `postgres://postgres:any@127.0.0.1:${port}/postgres`
    },
    start: async () => server?.start(),
    stop: async () => server?.stop(),
    signal: (name) => server?.signal(name),
  }
}
