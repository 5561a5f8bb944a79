import * as v from 'valibot'
import { count, duration, field, oneOf, size, text } from './fields'

const STORE_TYPES = ['memory', 'file', 'redis', 'postgres'] as const

const store = v.strictObject({
  type: field(oneOf(STORE_TYPES), 'What keeps waits and runs (default memory)'),
  path: field(text, 'file: folder of the journal'),
  sync: field(oneOf(['always', 'interval']), 'file: when to flush to disk (default always)'),
  url: field(text, 'redis, postgres: where the server is'),
  prefix: field(text, 'redis, postgres: what names begin with (default express-callbacks)'),
  keep: field(duration, 'How long finished tasks can be looked up (default 7d)'),
  max_waits: field(count, 'Waits at once (default 1000000)'),
  park: field(
    v.strictObject({
      for: field(duration, 'How long an outcome that nobody waits for is kept (default 10m)'),
      max: field(count, 'How many of them per endpoint (default 10000)'),
      max_bytes: field(size, 'How much of them per endpoint (default 64mb)'),
    }),
    'Outcomes that came before anybody waited',
  ),
})

/** The store: what keeps waits and runs. */
export const storeSchema = v.union([oneOf(STORE_TYPES), store], 'a mapping, or one of memory, file, redis, postgres')
