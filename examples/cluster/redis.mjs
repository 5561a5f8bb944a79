// Has a Redis for as long as it runs: the one that REDIS_URL names, or one of its own on a free port. Leaves nothing in either.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'

const { REDIS_URL, PREFIX } = process.env
const redis = REDIS_URL ? { url: REDIS_URL, end: forgetKeys } : await startServer()

process.on('SIGINT', () => {}) // whoever forked it tells when it is needed no more
process.on('disconnect', async () => {
  await redis.end?.()
  process.exit()
})
process.send({ url: redis.url, error: redis.error })

async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'cluster-redis-'))
  const port = String(await findFreePort())
  const place = ['--bind', '127.0.0.1', '--port', port, '--dir', folder]
  const server = spawn('redis-server', [...place, '--appendonly', 'yes', '--save', ''], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(server, 'exit').catch(() => {})
  const error = await Promise.race([
    once(server, 'error').then(() => 'install redis-server, or set REDIS_URL to the Redis to use'),
    ended.then(() => 'redis-server ended at once; try it by hand, or set REDIS_URL to the Redis to use'),
    untilReady(server.stdout),
  ])
  const end = async () => {
    server.kill()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  return { url: `redis://127.0.0.1:${port}`, end, error }
}

async function untilReady(output) {
  for await (const line of createInterface({ input: output })) if (line.includes('Ready to accept')) break
  output.resume()
}

async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function forgetKeys() {
  const client = new Redis(REDIS_URL)
  for await (const keys of client.scanStream({ match: `${PREFIX}:*` })) if (keys.length > 0) await client.unlink(keys)
  client.disconnect()
}
