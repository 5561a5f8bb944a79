import { randomUUID } from 'node:crypto'
import { CallbackError } from '../../../lib/base/errors'
import type { PostgresPool } from '../../../lib/base/given-clients'
import type { Clock, Ledger, Logger, NewRecord, RecordKind } from '../../../lib/base/contracts'
import { describeUrl } from '../server-errors'
import type { PgLibrary } from './connections/library'
import { createLifeCycle } from './life-cycle'
import { type Operation, WAKE } from './operations'

const SCHEMES = ['postgres:', 'postgresql:']
const PAGE = 1_000
/** When an owner is due so soon, in milliseconds, all processes are told to look for it. */
const WAKE_MS = 1_000

export interface PostgresLedgerOptions {
  readonly url: string
  /** Keeps the records of one app apart from those of another one on the same server. */
  readonly prefix: string
  readonly clock: Clock
  readonly logger: Logger
  /** A `Pool` of the package pg that the app has: it is used instead of the url, and not closed. */
  readonly pool?: PostgresPool | undefined
  /** Loads the package pg, which a user installs beside this one; default: by `require`. */
  readonly load?: (() => PgLibrary) | undefined
}

/**
 * Keeps records in a PostgreSQL that several processes share. Nothing is loaded nor connected before `open`. Throws
 * `ERR_CONFIG_VALUE` for a url of another kind.
 */
export function createPostgresLedger(options: PostgresLedgerOptions): Ledger {
  const { url, pool } = options
  if (pool === undefined && !SCHEMES.some((scheme) => url.startsWith(`${scheme}//`))) {
    const message = `The url of a postgres store begins with postgres://, not as ${describeUrl(url)} does`
    throw new CallbackError('ERR_CONFIG_VALUE', { message })
  }
  const place = pool === undefined ? describeUrl(url) : 'of options.pool'
  const life = createLifeCycle({ ...options, place, worker: randomUUID() })
  const { use } = life

  const write = (operation: Operation): Promise<number> => use(({ writes }) => writes.add(operation))

  /** Lets this process look for due records when this one is due, rather than at its next look. */
  function expect<T>(kind: RecordKind, ms: number | undefined, answer: T): T {
    if (kind !== 'mark' && ms !== undefined) life.session()?.due.expect(ms)
    return answer
  }

  // Values become text at once: the caller may change them while the operation waits.
  return {
    open: life.open,
    async create(kind, id, record) {
      await write({ op: 'c', kind, id, ...toNew(record) })
      expect(kind, record.ttlMs, undefined)
    },
    async append(kind, id, entry, { orCreate, group } = {}) {
      const created = orCreate === undefined ? {} : toNew(orCreate)
      const position = await write({ op: 'a', kind, id, entry: toText(entry), move: group, ...created })
      return expect(kind, position === 1 ? orCreate?.ttlMs : undefined, position)
    },
    async claim(kind, id, entry, { orCreate, claim, dueMs }) {
      const position = await write({ op: 'a', kind, id, entry: toText(entry), claim, dueMs, ...toNew(orCreate) })
      if (position < 0) return undefined
      return expect(kind, dueMs ?? (position === 1 ? orCreate.ttlMs : undefined), position)
    },
    read: (kind, id) => use(({ reads }) => reads.add({ kind, id })),
    async touch(kind, id, ttlMs) {
      const touching = write({ op: 't', kind, id, ttlMs })
      // Another process takes over from this one; it would find the record only at its next look.
      const waking = kind === 'owner' && ttlMs < WAKE_MS ? write({ op: 'n', kind, id, entry: WAKE }) : undefined
      const isDone = (await touching) === 1
      await waking
      return expect(kind, isDone ? ttlMs : undefined, isDone)
    },
    async cut(kind, id, upTo, entry) {
      return (await write({ op: 'x', kind, id, number: upTo, entry: toText(entry) })) === 1
    },
    list: (kind, { group, after, limit = PAGE } = {}) => use(({ lists }) => lists.add({ kind, group, after, limit })),
    async publish(message) {
      await write({ op: 'n', entry: toText(message) })
      life.session()?.messages.expect()
    },
    close: life.close,
  }
}

function toNew({ data, ttlMs, group }: NewRecord): Pick<Operation, 'data' | 'ttlMs' | 'group'> {
  return { data: toText(data), ttlMs, group }
}

/** Writes down what JSON can say, in one line. */
function toText(value: unknown): string {
  return JSON.stringify(value ?? null)
}
