import type { Location } from '../../base/errors'
import { splitNodes } from '../../base/given-clients'
import type { Fields } from '../field/fields'
import { readTable } from '../field/read-table'
import { field, type InputOf, orShort, type Shape, type SpecOf, table } from '../field/shape'
import { nameType, type Variant } from '../field/variants'
import { COUNT, DURATION, SIZE, TEXT, word } from '../field/values'

const PARK = {
  forMs: field('for', DURATION, 'How long an outcome that nobody waits for is kept', '10m'),
  max: field('max', COUNT, 'How many of them per endpoint', 10_000),
  maxBytes: field('max_bytes', SIZE, 'How much of them per endpoint', '64mb'),
}

const KEYS = {
  type: field('type', word(['memory', 'file', 'redis', 'postgres']), 'What keeps waits and runs', 'memory'),
  path: field('path', TEXT, 'file: folder of the journal'),
  sync: field('sync', word(['always', 'interval']), 'file: when to flush to disk', 'always'),
  url: field('url', TEXT, 'redis, postgres: where the server is'),
  prefix: field(
    'prefix',
    TEXT,
    'redis: what keys begin with; postgres: what the schema is named after',
    'express-callbacks',
  ),
  keepMs: field('keep', DURATION, 'How long finished tasks can be looked up', '7d'),
  maxWaits: field('max_waits', COUNT, 'Waits at once', 1_000_000),
  park: field('park', table(PARK), 'Outcomes that came before anybody waited', {}),
}

/** What a user writes for the store, unless it is just the type. */
export interface StoreConfig extends InputOf<typeof KEYS> {}

/** The keys that only some types read. */
const OWN_KEYS = ['path', 'sync', 'url', 'prefix']

const SERVERS = ['redis', 'postgres'] as const

const VARIANTS: readonly Variant[] = [
  { name: 'MemoryStore', tag: { key: 'type', words: ['memory'] }, isImplied: true, without: OWN_KEYS },
  { name: 'FileStore', tag: { key: 'type', words: ['file'] }, needs: ['path'], without: ['url', 'prefix'] },
  ...SERVERS.map((type) => ({
    name: nameType(type, 'Store'),
    tag: { key: 'type', words: [type] },
    needs: ['url'],
    without: ['path', 'sync'],
    isOfClient: true,
  })),
]

const TYPES = 'a mapping, or one of memory, file, redis, postgres'

/** The store: what keeps waits and runs. */
export const STORE: Shape<StoreConfig | StoreConfig['type']> = orShort(KEYS.type, table(KEYS, {}, VARIANTS), TYPES)

/** What keeps waits, parked outcomes and runs. */
export interface StoreSpec extends SpecOf<typeof KEYS> {
  readonly location: Location | undefined
}

/** Outcomes that nobody waits for yet, for each endpoint. */
export interface ParkSpec extends SpecOf<typeof PARK> {}

/** The stores whose client an app may give besides the config; then they need no `url`. */
export type GivenStore = (typeof SERVERS)[number]

/** Reads the store; a config without one keeps everything in memory. */
export function normalizeStore(root: Fields, given: readonly GivenStore[] = []): StoreSpec {
  const fields = root.mapping('store', KEYS.type.key)
  const spec = readTable(KEYS, fields ?? root.supposing('store', {}))
  if (fields !== undefined) {
    requireType(fields)
    warnOfUnread(fields, spec)
    const isGiven = given.some((one) => one === spec.type) && !fields.has('url')
    if (!isGiven) requireTarget(fields, spec)
  }
  return { ...spec, location: fields?.locationOf('type') }
}

/** A store without a type keeps everything in memory: with a path or URL that would lose everything, without a word. */
function requireType(fields: Fields): void {
  if (fields.has('type')) return
  if (fields.has('path')) fields.error('type', 'missing; with "path" it is "type: file"')
  else if (fields.has('url')) fields.error('type', 'missing; with "url" it is "type: redis" or "type: postgres"')
}

/** A path beside `type: memory` looks as if it were kept. */
function warnOfUnread(fields: Fields, { type }: SpecOf<typeof KEYS>): void {
  const { without = [] } = VARIANTS.find(({ tag }) => tag.words?.includes(type)) ?? {}
  for (const key of fields.has('type') ? without : [])
    if (fields.has(key)) fields.warn(key, `"${key}" has no effect: a store of type "${type}" does not read it`)
}

/** A store that is no memory needs to be told where it is. */
function requireTarget(fields: Fields, { type, url }: StoreSpec | SpecOf<typeof KEYS>): void {
  if (type === 'memory') return
  const [key, meaning] =
    type === 'file'
      ? ['path', 'the folder of its journal']
      : ['url', `the address of its server, or options.${type === 'redis' ? 'redis' : 'pool'}`]
  if (!fields.has(key)) fields.error(key, `missing; a store of type "${type}" needs ${meaning}`)
  if (type !== 'file' && url !== undefined) checkUrl(fields, type, url)
}

const PROTOCOLS = {
  redis: ['redis:', 'rediss:'],
  postgres: ['postgres:', 'postgresql:'],
} as const

const REDIS_DATABASE = /^(\/\d*)?$/
const UNREADABLE =
  'cannot be read as a URL; in a user or password write @ : / ? # % as %40 %3A %2F %3F %23 %25 (encodeURIComponent does)'

/** The message quotes nothing of the URL: a password may stand anywhere in it. */
function checkUrl(fields: Fields, type: keyof typeof PROTOCOLS, url: string): void {
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
