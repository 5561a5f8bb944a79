import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import { findFreePorts } from './free-ports'
import { createTestServer, type TestServer } from './server-process'

const DEBIAN = '/usr/lib/postgresql'

/** Debian keeps the programs of each version in a folder of their own, which is not on the PATH. */
function findFolder(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((one, other) => Number(other) - Number(one)) : []
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ]
  return folders.find((folder) => ['postgres', 'initdb'].every((name) => existsSync(join(folder, name))))
}

const programs = findFolder()

/** Why no real PostgreSQL can be started here; undefined when it can. */
export const withoutPostgres = programs === undefined ? 'apt-get install postgresql' : undefined

/** A PostgreSQL of a test file. */
export interface TestPostgres extends TestServer {
  /** The url of its database `postgres`, as the user who may do everything. */
  readonly url: string
  readonly port: number
}

export const POSTGRES_PASSWORD = 'secret-of-postgres'

/** It refuses to run as root. */
export function findUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const [, , uid, gid] = ['postgres', 'nobody'].flatMap((wanted) => users.filter(([name]) => name === wanted))[0] ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

/** Runs a PostgreSQL while the tests of this file run; it keeps what it is told across a crash. */
export function usePostgres(): TestPostgres {
  let folder = ''
  let server: TestServer | undefined
  let port = 0

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'express-callbacks-postgres-'))
    const data = join(folder, 'data')
    port = (await findFreePorts(1))[0] ?? 0
    const user = findUser()
    const options = { cwd: folder, ...user }
    const bin = programs ?? DEBIAN
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, POSTGRES_PASSWORD)
    if (user !== undefined) for (const path of [folder, passwordFile]) chownSync(path, user.uid, user.gid)
    const auth = ['--auth=scram-sha-256', '--username=postgres', `--pwfile=${passwordFile}`]
    const locale = ['--encoding=UTF8', '--locale=C']
    execFileSync(join(bin, 'initdb'), ['-D', data, '--no-sync', ...auth, ...locale], { ...options, stdio: 'pipe' })
    server = createTestServer({
      program: join(bin, 'postgres'),
      args: [
        '-D',
        data,
        '-k',
        folder,
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        '-c',
        'fsync=off',
        '-c',
        'max_connections=300',
      ],
      ready: 'ready to accept connections',
      options,
    })
    await server.start()
  })
  afterAll(async () => {
    await server?.stop()
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  return {
    get url() {
      return `postgres://postgres:${POSTGRES_PASSWORD}@127.0.0.1:${port}/postgres`
    },
    get port() {
      return port
    },
    start: async () => server?.start(),
    stop: async () => server?.stop(),
    signal: (name) => server?.signal(name),
  }
}
