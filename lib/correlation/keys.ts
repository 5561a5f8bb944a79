import { createHash, randomUUID } from 'node:crypto'
import { CallbackError } from '../errors'
import type { Clock, Delivery, DueAnswer, Ledger, StoreEndpoint } from '../types'
import {
  applyEntry,
  type EndReason,
  type KeyData,
  type KeyEntry,
  type KeyState,
  liveUntil,
  type OutcomeEntry,
  readKeyLog,
  REMEMBER_MS,
} from './key-log'

/** An id on an endpoint, or the endpoint itself where callbacks have no ids. */
export interface Key {
  readonly id: string
  readonly endpoint: StoreEndpoint
  readonly anonymous: boolean
}

/** What an entry of ours came to. */
export interface Written {
  /** What the log says with it, as far as it was read. */
  readonly state: KeyState
  /** What became of an outcome. */
  readonly delivery: Delivery | undefined
}

/** A wait that was ended. */
export interface EndedWait {
  readonly got: OutcomeEntry | undefined
  readonly state: KeyState
}

/** Reads and writes what is known of ids, in the ledger. Everything rejects with `ERR_STORE_UNAVAILABLE` as that does. */
export interface Keys {
  read(key: Key): Promise<KeyState>
  /** Whether the id was settled within the last day, and its log is gone since. */
  isSettled(key: Key): Promise<boolean>
  /** What tells the present record of a key from earlier ones; creates it if there is none. */
  born(key: Key): Promise<string>
  write(key: Key, entry: KeyEntry, ttlMs: number, known?: KeyState): Promise<Written>
  /** Ends a wait, and gives what had come for it before; undefined when nothing is known of the key. */
  endWait(key: Key, wait: string, why: EndReason): Promise<EndedWait | undefined>
  /** Remembers that an id is settled, by an outcome that nobody waits for any more. */
  settle(key: Key): Promise<void>
  /** Forgets that an id is settled, since it is waited for anew. */
  unsettle(key: Key): Promise<void>
  /** Sets when a record is looked at. */
  reviewIn(key: Key, ms: number): Promise<void>
  /** Looks at a record that is due: it goes when nothing in it counts any more, and nobody has written to it since. */
  review(id: string, onParked: (entry: OutcomeEntry) => void): Promise<DueAnswer>
}

/** A record that was read may be gone when it is written to; the writer tries again. */
const TRIES = 10
/** How long a record stays in which nothing counts any more: most ids are done with, a few are waited for anew. */
const LINGER_MS = 60_000
/** How long a callback is kept for a wait whose process is gone. */
const UNDELIVERED_MS = 7 * REMEMBER_MS

/** The key of an id on an endpoint; without an id that of the endpoint. */
export function keyOf(endpoint: StoreEndpoint, id: string | undefined): Key {
  return { id: `k${digest([endpoint.key, id ?? null])}`, endpoint, anonymous: id === undefined }
}

/** A name that is safe as an id of a record, for any values. */
export function digest(values: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('base64url')
}

/** Gives the keys of a ledger. */
export function createKeys(ledger: Ledger, clock: Clock): Keys {
  async function read({ id, anonymous }: Key): Promise<KeyState> {
    const record = await ledger.read('key', id)
    return readKeyLog(record?.log ?? [], anonymous)
  }

  async function write(key: Key, entry: KeyEntry, ttlMs: number, known?: KeyState): Promise<Written> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const length = await ledger.append('key', key.id, entry, { orCreate: { data: dataOf(key), ttlMs } })
      const written = await readWritten(key, entry, length, known)
      if (written) return written
    }
    throw staysGone()
  }

  /** Reads what an entry of ours came to; undefined when the record has gone since. */
  async function readWritten(
    key: Key,
    entry: KeyEntry,
    length: number,
    known: KeyState | undefined,
  ): Promise<Written | undefined> {
    const seen = length === 1 ? readKeyLog([], key.anonymous) : known
    if (seen?.length === length - 1) return { state: seen, delivery: applyEntry(seen, entry, key.anonymous) }
    const record = await ledger.read('key', key.id)
    if (record === undefined) return undefined
    const state = readKeyLog(record.log.slice(0, length - 1), key.anonymous)
    const delivery = applyEntry(state, entry, key.anonymous)
    for (const later of record.log.slice(length)) applyEntry(state, later as KeyEntry, key.anonymous)
    return { state, delivery }
  }

  /** Lets a record go soon in which nothing counts any more; if that changes, whoever looks at it then keeps it. */
  async function retire({ id, endpoint, anonymous }: Key, state: KeyState): Promise<void> {
    const data = { born: '', anonymous, remembers: endpoint.startsWorkflow === true }
    if (liveUntil(state, data, UNDELIVERED_MS) <= clock.now()) await ledger.touch('key', id, LINGER_MS)
  }

  async function mark({ id }: Key): Promise<void> {
    await ledger.create('mark', markOf(id), { data: null, ttlMs: REMEMBER_MS })
  }

  return {
    read,
    write,
    async isSettled({ id, anonymous }) {
      return !anonymous && (await ledger.read('mark', markOf(id))) !== undefined
    },
    async born(key) {
      for (let attempt = 0; attempt < TRIES; attempt += 1) {
        await ledger.create('key', key.id, { data: dataOf(key), ttlMs: REMEMBER_MS })
        const record = await ledger.read('key', key.id)
        if (record) return (record.data as KeyData).born
      }
      throw staysGone()
    },
    async settle(key) {
      const state = await read(key)
      if (key.anonymous || state.settledAt === undefined) return
      await mark(key)
      await retire(key, withoutMark(state))
    },
    async endWait(key, wait, why) {
      const isSettled = why === 'settled' && !key.anonymous
      if (isSettled) await mark(key)
      const entry: KeyEntry = { is: 'end', wait, at: clock.now(), why }
      const length = await ledger.append('key', key.id, entry)
      if (length === 0) return undefined
      const record = await ledger.read('key', key.id)
      const log = record?.log ?? []
      const got = readKeyLog(log.slice(0, length - 1), key.anonymous).waits.get(wait)?.got
      const state = readKeyLog(log, key.anonymous)
      if (record) await retire(key, isSettled ? withoutMark(state) : state)
      return { got, state }
    },
    async unsettle({ id, anonymous }) {
      if (!anonymous) await ledger.touch('mark', markOf(id), 0)
    },
    async reviewIn({ id }, ms) {
      await ledger.touch('key', id, ms)
    },
    async review(id, onParked) {
      const record = await ledger.read('key', id)
      if (record === undefined) return { remove: true }
      const data = record.data as KeyData
      const state = readKeyLog(record.log, data.anonymous)
      const isMarked = (await ledger.read('mark', markOf(id))) !== undefined
      const left = liveUntil(isMarked ? withoutMark(state) : state, data, UNDELIVERED_MS) - clock.now()
      if (left > 0) return { keepMs: left }
      for (const entry of state.parked) onParked(entry)
      return { remove: true, seen: state.length }
    },
  }
}

function dataOf({ endpoint, anonymous }: Key): KeyData {
  return { born: randomUUID(), anonymous, remembers: endpoint.startsWorkflow === true }
}

function markOf(key: string): string {
  return `s${key}`
}

/** Once an id is settled, its mark says so, and its log need not. */
function withoutMark(state: KeyState): KeyState {
  return { ...state, settledAt: undefined, waitedAt: state.settledAt === undefined ? state.waitedAt : undefined }
}

function staysGone(): CallbackError {
  return new CallbackError('ERR_STORE_UNAVAILABLE', {
    message: 'A record of the store is gone each time that it is written; try again',
  })
}
