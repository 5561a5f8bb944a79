import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import { findFreePorts } from './free-ports'
import { createTestServer, type TestServer } from './server-process'

const program = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'redis-server'))
  .find((file) => existsSync(file))

/** Why no real Redis can be started here; undefined when it can. */
export const withoutRedis = program === undefined ? 'apt-get install redis-server' : undefined

/** A Redis of a test file. */
export interface TestRedis extends TestServer {
  readonly url: string
  readonly port: number
}

export const REDIS_PASSWORD = 'secret-of-redis'

/** Runs a Redis while the tests of this file run; it keeps what it is told across a crash. */
export function useRedis(args: readonly string[] = []): TestRedis {
  let folder = ''
  let server: TestServer | undefined
  let port = 0

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'express-callbacks-redis-'))
    port = (await findFreePorts(1))[0] ?? 0
    const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--requirepass', REDIS_PASSWORD]
    server = createTestServer({
      program: program ?? 'redis-server',
      args: [...fixed, '--appendonly', 'yes', '--appendfsync', 'always', '--save', '', ...args],
      ready: 'Ready to accept connections',
    })
    await server.start()
  })
  afterAll(async () => {
    await server?.stop()
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  return {
    get url() {
      return `redis://:${REDIS_PASSWORD}@127.0.0.1:${port}`
    },
    get port() {
      return port
    },
    start: async () => server?.start(),
    stop: async () => server?.stop(),
    signal: (name) => server?.signal(name),
  }
}
