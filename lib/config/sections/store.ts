import type { Location } from '../../base/errors'
import { splitNodes } from '../../base/given-clients'
import type { Fields } from '../field/fields'
import { COUNT, DURATION, SIZE, TEXT, word } from '../field/values'

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

/** The stores whose client an app may give besides the config; then they need no `url`. */
export type GivenStore = 'redis' | 'postgres'

/** Reads the store; a config without one keeps everything in memory. */
export function normalizeStore(root: Fields, given: readonly GivenStore[] = []): StoreSpec {
  const fields = root.mapping('store', 'type')
  const type = fields?.read('type', TYPE) ?? 'memory'
  if (fields !== undefined) {
    requireType(fields)
    const isGiven = given.some((one) => one === type) && !fields.has('url')
    if (!isGiven) requireTarget(fields, type)
  }
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

/** Whoever says where, and forgets of what type, would have a memory without a word, and lose everything with it. */
function requireType(fields: Fields): void {
  if (fields.has('type')) return
  if (fields.has('path')) fields.error('type', 'missing; with "path" it is "type: file"')
  else if (fields.has('url')) fields.error('type', 'missing; with "url" it is "type: redis" or "type: postgres"')
}

/** A store that is no memory needs to be told where it is. */
function requireTarget(fields: Fields, type: StoreSpec['type']): void {
  if (type === 'memory') return
  const [key, meaning] =
    type === 'file'
      ? ['path', 'the folder of its journal']
      : ['url', `the address of its server, or options.${type === 'redis' ? 'redis' : 'pool'}`]
  if (!fields.has(key)) fields.error(key, `missing; a store of type "${type}" needs ${meaning}`)
  if (type !== 'file') checkUrl(fields, type)
}

const PROTOCOLS = {
  redis: ['redis:', 'rediss:'],
  postgres: ['postgres:', 'postgresql:'],
} as const

const REDIS_DATABASE = /^(\/\d*)?$/
const UNREADABLE =
  'cannot be read as a URL; in a user or password write @ : / ? # % as %40 %3A %2F %3F %23 %25 (encodeURIComponent does)'

/** The message quotes nothing of the URL: a password may stand anywhere in it. */
function checkUrl(fields: Fields, type: keyof typeof PROTOCOLS): void {
  const url = fields.read('url', TEXT)
  if (url === undefined) return
  const protocols: readonly string[] = PROTOCOLS[type]
  const begins = protocols.map((protocol) => `${protocol}//`)
  if (!begins.some((begin) => url.toLowerCase().startsWith(begin)))
    return fields.error('url', `expected the address of a server that begins with ${begins.join(' or ')}`)
  const urls = type === 'redis' ? splitNodes(url) : [url]
  if (!urls.every((node) => URL.canParse(node))) return fields.error('url', UNREADABLE)
  // Its client would end the process for a name in this place.
  if (type === 'redis' && !REDIS_DATABASE.test(new URL(urls[0] ?? '').pathname))
    fields.error('url', 'expected nothing or the number of a database behind the host, as in redis://host:6379/0')
}
