import { CallbackError } from '../../../lib/base/errors'
import type { Logger } from '../../../lib/base/contracts'
import { isError } from './errors'
import type { RedisClient } from './link/library'
import { oldKeys } from './names'

const MIN_VERSION = [6, 2]

/** What a server tells about itself. A value is undefined when the server does not tell it, or the user may not ask. */
export interface ServerInfo {
  readonly version: string | undefined
  readonly policy: string | undefined
  readonly isLoading: boolean
  readonly isReplica: boolean
}

/** Asks a server about itself. The user may lack the permission; then nothing is known. */
export async function askServer(client: RedisClient): Promise<ServerInfo> {
  const text = await askInfo(client, 'everything')
  const read = (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, 'm').exec(text)?.[1]
  return {
    version: read('redis_version'),
    policy: read('maxmemory_policy'),
    isLoading: read('loading') === '1',
    isReplica: read('role') === 'slave',
  }
}

/** Returns how many keys a server has evicted; undefined when it does not tell. */
export async function countEvicted(client: RedisClient): Promise<number | undefined> {
  const count = /^evicted_keys:(\d+)/m.exec(await askInfo(client, 'stats'))?.[1]
  return count === undefined ? undefined : Number(count)
}

async function askInfo(client: RedisClient, section: string): Promise<string> {
  try {
    return String(await client.call('INFO', section))
  } catch (error) {
    if (isError(error, 'NOPERM')) return ''
    throw error
  }
}

/** Throws for a server that cannot be written, or is too old. */
export function checkServer({ version, isLoading, isReplica }: ServerInfo): void {
  if (isLoading) throw new Error('LOADING the server has not read all of its data yet')
  if (isReplica) throw new Error('READONLY the server has the role of a replica')
  if (version === undefined) return
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [minMajor = 0, minMinor = 0] = MIN_VERSION
  if (major > minMajor || (major === minMajor && minor >= minMinor)) return
  throw new Error(`Redis ${MIN_VERSION.join('.')} or newer is needed, or a Valkey, and this is ${version}`)
}

/** Warns of a server that may remove records when its memory is full. */
export function warnOfPolicy({ policy }: ServerInfo, place: string, logger: Logger): void {
  if (policy === undefined || policy === 'noeviction') return
  logger.warn(
    { policy },
    `The store ${place} forgets records when its memory is full; set its maxmemory-policy to noeviction`,
  )
}

/** Throws `ERR_CONFIG_UNSUPPORTED` when 0.4 has written a store there, which had another format. */
export async function refuseOldStore(client: RedisClient, prefix: string, place: string): Promise<void> {
  for (const key of oldKeys(prefix)) {
    const found = await client.call('EXISTS', key).catch(ignoreForbidden)
    if (found === 1) throw createOldStore(prefix, place)
  }
}

/** On a cluster, where another node may have the key, 0.4 could not keep a store. And a user may have access to the new keys only. */
function ignoreForbidden(error: unknown): undefined {
  if (isError(error, 'MOVED') || isError(error, 'NOPERM') || isError(error, 'CROSSSLOT')) return undefined
  throw error
}

function createOldStore(prefix: string, place: string): CallbackError {
  const message =
    `The store ${place} holds keys of express-callbacks 0.4 with the prefix "${prefix}", which this version cannot read. ` +
    'Let 0.4 run until no run and no wait is open, stop it, and remove its keys: ' +
    `redis-cli --scan --pattern '${prefix}:*' | xargs redis-cli del. Or set another store.prefix`
  return new CallbackError('ERR_CONFIG_UNSUPPORTED', { message })
}
