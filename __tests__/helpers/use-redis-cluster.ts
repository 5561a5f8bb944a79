import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import { findFreePorts } from './free-ports'
import { createTestServer, type TestServer } from './server-process'
import { REDIS_PASSWORD } from './use-redis'

const folders = (process.env['PATH'] ?? '').split(delimiter)
const isThere = (name: string): boolean => folders.some((folder) => existsSync(join(folder, name)))
const missing = ['redis-server', 'redis-cli'].filter((name) => !isThere(name))

/** Why no Redis Cluster can be started here; undefined when it can. */
export const withoutRedisCluster = missing.length > 0 ? 'apt-get install redis-server redis-tools' : undefined

/** A Redis Cluster of a test file: three primaries, and as many nodes beside them that belong to nothing yet. */
export interface TestRedisCluster {
  readonly ports: readonly number[]
  readonly nodes: readonly TestServer[]
}

/** Runs a Redis Cluster while the tests of this file run. */
export function useRedisCluster(others = 0): TestRedisCluster {
  const nodes: TestServer[] = []
  const ports: number[] = []
  let folder = ''

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'express-callbacks-cluster-'))
    const free = await findFreePorts(2 * (3 + others))
    ports.push(...free.slice(0, 3 + others))
    const bus = free.slice(3 + others)
    for (const [index, port] of ports.entries())
      nodes.push(createNode(join(folder, String(index)), port, bus[index] ?? 0))
    for (const node of nodes) await node.start()
    const addresses = ports.slice(0, 3).map((port) => `127.0.0.1:${port}`)
    askCli('--cluster', 'create', ...addresses, '--cluster-yes')
    for (const port of ports.slice(0, 3))
      while (!askCli('-p', String(port), 'cluster', 'info').includes('cluster_state:ok'))
        await new Promise((resolve) => setTimeout(resolve, 100))
  }, 60_000)
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  return { ports, nodes }
}

function askCli(...args: readonly string[]): string {
  return execFileSync('redis-cli', ['-a', REDIS_PASSWORD, '--no-auth-warning', ...args], {
    encoding: 'utf8',
    stdio: 'pipe',
  })
}

function createNode(folder: string, port: number, busPort: number): TestServer {
  mkdirSync(folder)
  const place = ['--port', String(port), '--cluster-port', String(busPort), '--bind', '127.0.0.1', '--dir', folder]
  const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1500', '--cluster-config-file', 'nodes.conf']
  const keeping = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const password = ['--requirepass', REDIS_PASSWORD, '--masterauth', REDIS_PASSWORD]
  return createTestServer({
    program: 'redis-server',
    args: [...place, ...cluster, ...keeping, ...password],
    ready: 'Ready to accept connections',
  })
}
