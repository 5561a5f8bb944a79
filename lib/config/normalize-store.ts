import type { Location } from '../errors'
import type { Fields } from './fields'
import { COUNT, DURATION, SIZE, TEXT, word } from './values'

/** What keeps waits, parked outcomes and runs. */
export interface StoreSpec {
  readonly type: 'memory' | 'file' | 'redis' | 'postgres'
  readonly location: Location | undefined
  /** file: the folder of the journal. */
  readonly path: string | undefined
  /** file: whether every write is flushed before it counts. */
  readonly sync: 'always' | 'interval'
  /** redis, postgres: where the server is. */
  readonly url: string | undefined
  /** redis, postgres: what the names of this app begin with. */
  readonly prefix: string
  /** How long finished tasks can be looked up. */
  readonly keepMs: number
  readonly maxWaits: number
  readonly park: ParkSpec
}

/** Outcomes that nobody waits for yet, for each endpoint. */
export interface ParkSpec {
  readonly forMs: number
  readonly max: number
  readonly maxBytes: number
}

const TYPE = word(['memory', 'file', 'redis', 'postgres'])
const SYNC = word(['always', 'interval'])
const PARK_DEFAULTS: ParkSpec = { forMs: 600_000, max: 10_000, maxBytes: 64 * 1024 ** 2 }
const WEEK_MS = 7 * 86_400_000

/** Reads the store; a config without one keeps everything in memory. */
export function normalizeStore(root: Fields): StoreSpec {
  const fields = root.mapping('store', 'type')
  const type = fields?.read('type', TYPE) ?? 'memory'
  if (fields !== undefined) requireTarget(fields, type)
  return {
    type,
    location: fields?.locationOf('type'),
    path: fields?.read('path', TEXT),
    sync: fields?.read('sync', SYNC) ?? 'always',
    url: fields?.read('url', TEXT),
    prefix: fields?.read('prefix', TEXT) ?? 'express-callbacks',
    keepMs: fields?.read('keep', DURATION) ?? WEEK_MS,
    maxWaits: fields?.read('max_waits', COUNT) ?? 1_000_000,
    park: normalizePark(fields?.mapping('park')),
  }
}

function normalizePark(fields: Fields | undefined): ParkSpec {
  return {
    forMs: fields?.read('for', DURATION) ?? PARK_DEFAULTS.forMs,
    max: fields?.read('max', COUNT) ?? PARK_DEFAULTS.max,
    maxBytes: fields?.read('max_bytes', SIZE) ?? PARK_DEFAULTS.maxBytes,
  }
}

/** A store that is no memory needs to be told where it is. */
function requireTarget(fields: Fields, type: StoreSpec['type']): void {
  if (type === 'memory') return
  const [key, meaning] = type === 'file' ? ['path', 'the folder of its journal'] : ['url', 'the address of its server']
  if (!fields.has(key)) fields.error(key, `missing; a store of type "${type}" needs ${meaning}`)
  if (type !== 'file') checkUrl(fields, type)
}

const PROTOCOLS = {
  redis: ['redis:', 'rediss:'],
  postgres: ['postgres:', 'postgresql:'],
} as const

/** The message quotes nothing of the URL: a password may stand anywhere in it. */
function checkUrl(fields: Fields, type: keyof typeof PROTOCOLS): void {
  const url = fields.read('url', TEXT)
  if (url === undefined) return
  const protocols: readonly string[] = PROTOCOLS[type]
  if (URL.canParse(url) && protocols.includes(new URL(url).protocol)) return
  const begins = protocols.map((protocol) => `${protocol}//`).join(' or ')
  fields.error('url', `expected the address of a server that begins with ${begins}`)
}
