'use strict'

// A Redis and a PostgreSQL for the store rows, each in a temporary folder, on a free port of this machine, and as durable
// as they are by default: Redis with its append-only file (everysec), PostgreSQL with fsync.

const { execFileSync, spawn } = require('node:child_process')
const { once } = require('node:events')
const { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } = require('node:fs')
const { createServer } = require('node:net')
const { tmpdir } = require('node:os')
const { delimiter, join } = require('node:path')
const { createInterface } = require('node:readline')

const DEBIAN = '/usr/lib/postgresql'

/**
 * A server that runs.
 * @typedef {object} Server
 * @property {string} url
 * @property {() => Promise<{ bytes: number, commands: number }>} inspect what it holds, and how much it has been asked
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a server; gives what is missing where that cannot be done.
 * @param {'redis' | 'postgres'} type
 * @returns {Promise<Server | { missing: string }>}
 */
async function startServer(type) {
  const program = type === 'redis' ? 'redis-server' : 'postgres'
  const folder = findFolder(program, type === 'redis' ? 'redis-server' : 'initdb')
  if (folder === undefined) return { missing: type === 'redis' ? 'redis-server' : 'postgresql' }
  const client = type === 'redis' ? 'ioredis' : 'pg'
  const absent = [client].filter((name) => !isInstalled(name))
  if (absent.length > 0) return { missing: `npm i --no-save ${absent.join(' ')}` }
  return type === 'redis' ? startRedis(join(folder, program)) : startPostgres(folder)
}

/** @param {string} program */
async function startRedis(program) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-redis-'))
  const port = await freePort()
  const place = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder]
  const stop = await start(
    folder,
    program,
    [...place, '--appendonly', 'yes', '--save', ''],
    'Ready to accept connections',
  )
  const { Redis } = require('ioredis')
  const client = new Redis({ host: '127.0.0.1', port })
  const read = (/** @type {string} */ info, /** @type {string} */ name) =>
    Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1])
  return {
    url: `redis://127.0.0.1:${port}`,
    async inspect() {
      const info = await client.info('everything')
      return { bytes: read(info, 'used_memory'), commands: read(info, 'total_commands_processed') }
    },
    async stop() {
      client.disconnect()
      await stop()
    },
  }
}

/** @param {string} bin */
async function startPostgres(bin) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-postgres-'))
  const user = findUser()
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const options = { cwd: folder, ...user }
  const data = join(folder, 'data')
  const port = await freePort()
  execFileSync(join(bin, 'initdb'), ['-D', data, '--auth=trust', '--username=postgres', '--encoding=UTF8'], {
    ...options,
    stdio: 'ignore',
  })
  const place = ['-D', data, '-k', folder, '-h', '127.0.0.1', '-p', String(port)]
  const stop = await start(folder, join(bin, 'postgres'), place, 'ready to accept connections', options)
  const { Client } = require('pg')
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
  await client.connect()
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async inspect() {
      const { rows } = await client.query(`SELECT
        (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
          WHERE nspname = 'express_callbacks' AND relkind = 'r') AS bytes,
        (SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'postgres') AS commands`)
      return { bytes: Number(rows[0].bytes), commands: Number(rows[0].commands) }
    },
    async stop() {
      await client.end()
      await stop()
    },
  }
}

/**
 * Starts a program that writes a line when it is ready; gives what ends it and removes its folder.
 * @param {string} folder
 * @param {string} program
 * @param {string[]} parameters
 * @param {string} ready
 * @param {object} [options]
 */
async function start(folder, program, parameters, ready, options) {
  const child = spawn(program, parameters, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  await new Promise((resolve, reject) => {
    for (const input of [child.stdout, child.stderr])
      createInterface({ input }).on('line', (line) => line.includes(ready) && resolve(undefined))
    child.once('exit', () => reject(new Error(`${program} ended at once`)))
    child.once('error', reject)
  })
  return async () => {
    child.kill('SIGINT')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * The folder that has both programs. Debian keeps those of each version of PostgreSQL in one that is not on the PATH.
 * @param {string[]} programs
 */
function findFolder(...programs) {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin')) : []
  const folders = [...versions.toReversed(), ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.find((folder) => programs.every((program) => existsSync(join(folder, program))))
}

/** PostgreSQL refuses to run as root. */
function findUser() {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const [, , uid, gid] = ['postgres', 'nobody'].flatMap((wanted) => users.filter(([name]) => name === wanted))[0] ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

/** @param {string} name */
function isInstalled(name) {
  try {
    require.resolve(name)
    return true
  } catch {
    return false
  }
}

module.exports = { startServer }
