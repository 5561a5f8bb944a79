import { createHash, randomUUID } from 'node:crypto'
import { CallbackError } from '../../base/errors'
import type { Claim, Clock, Delivery, DueAnswer, Ledger, LedgerRecord, StoreEndpoint } from '../../base/contracts'
import type { EndReason, KeyData, KeyEntry, KeyState, OutcomeEntry, WaitEntry } from './key-entries'
import { applyEntry, liveUntil, readKeyLog, REMEMBER_MS, toStateEntry } from './key-log'

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
  readonly position: number
  /** What became of an outcome. */
  readonly delivery: Delivery | undefined
}

/** A wait that was ended. */
export interface EndedWait {
  readonly got: OutcomeEntry | undefined
  readonly state: KeyState
}

export interface WriteOptions {
  /** How long a record is kept that this entry creates, in milliseconds. */
  readonly ttlMs: number
  /** What the log says, where that is known; it saves reading the log. */
  readonly known?: KeyState | undefined
}

/** Reads and writes what is known of ids, in the ledger. Everything rejects with `ERR_STORE_UNAVAILABLE` as that does. */
export interface Keys {
  read(key: Key): Promise<KeyState>
  /** Reads the record too, which says where each entry stands. */
  readBoth(key: Key): Promise<{ readonly state: KeyState; readonly record: LedgerRecord | undefined }>
  /** Whether the id was settled within the last day, and its log is gone since. */
  isSettled(key: Key): Promise<boolean>
  /** Returns what tells the present record of a key from earlier ones; creates it if there is none. */
  born(key: Key): Promise<string>
  write(key: Key, entry: KeyEntry, options: WriteOptions): Promise<Written>
  /** Finds a wait that is open already; undefined when there is none, which is then to be written. */
  findWait(key: Key, wait: string): Promise<Pick<Written, 'state' | 'position'> | undefined>
  /** Claims a mark in the same step; undefined when it is there already, and nothing is written. */
  claim(key: Key, entry: KeyEntry, options: WriteOptions & { readonly claim: Claim }): Promise<Written | undefined>
  /** Ends a wait, and returns what had come for it before; undefined when nothing is known of the key. */
  endWait(key: Key, wait: string, why: EndReason, known?: KeyState): Promise<EndedWait | undefined>
  /** Remembers that an id is settled, by an outcome that nobody waits for any more. */
  settle(key: Key): Promise<void>
  /** Forgets that an id was settled before it was waited for again, in vain. */
  unsettle(key: Key): Promise<void>
  /** Sets when a record is looked at. */
  reviewIn(key: Key, ms: number): Promise<void>
  /** Looks at a record that is due: it goes when nothing in it counts any more, and nobody has written to it since. */
  review(id: string, onParked: (entry: OutcomeEntry) => void): Promise<DueAnswer>
}

/** A record that was read may be gone when it is written to; the writer tries again. */
const TRIES = 10
/** How long a record stays in which nothing counts any more: most ids are done with, a few are waited for again. */
const LINGER_MS = 60_000
/** A log is cut when it has so many entries, and most of them are over. */
const CUT_FROM = 32

/** Returns the key of an id on an endpoint; without an id that of the endpoint. */
export function keyOf(endpoint: StoreEndpoint, id: string | undefined): Key {
  return { id: `k${digest([endpoint.key, id ?? null])}`, endpoint, anonymous: id === undefined }
}

/** Returns a name that is safe as an id of a record, for any values. */
export function digest(values: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('base64url')
}

/** Creates the keys of a ledger. */
export function createKeys(ledger: Ledger, clock: Clock): Keys {
  /** Reads a log, and cuts it when it has become long. */
  function readState(id: string, record: LedgerRecord | undefined, anonymous: boolean): KeyState {
    const state = readKeyLog(record?.log ?? [], anonymous, record?.cut)
    const live = state.waits.size + state.parked.length
    const length = record?.log.length ?? 0
    // What fails here is done by the next reader.
    if (length >= CUT_FROM && length > 2 * live) ledger.cut('key', id, state.length, toStateEntry(state)).catch(ignore)
    return state
  }

  async function read({ id, anonymous }: Key): Promise<KeyState> {
    return readState(id, await ledger.read('key', id), anonymous)
  }

  async function tryToWrite(
    append: () => Promise<number | undefined>,
    key: Key,
    entry: KeyEntry,
    known: KeyState | undefined,
  ): Promise<Written | undefined> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const position = await append()
      if (position === undefined) return undefined
      const written = await readWritten(key, entry, position, known)
      if (written) return written
    }
    throw staysGone()
  }

  /** Reads what an entry of ours came to; undefined when the record has gone since. */
  async function readWritten(
    key: Key,
    entry: KeyEntry,
    position: number,
    known: KeyState | undefined,
  ): Promise<Written | undefined> {
    const seen = position === 1 ? readKeyLog([], key.anonymous) : known
    if (seen?.length === position - 1)
      return { state: seen, position, delivery: applyEntry(seen, entry, key.anonymous) }
    const record = await ledger.read('key', key.id)
    if (record === undefined) return undefined
    const before = position - 1 - record.cut
    // Another process has read the entry, and cut the log behind it: the waits in the log are told in any case.
    if (before < 0) return { state: readState(key.id, record, key.anonymous), position, delivery: settledBy(entry) }
    const delivery = applyEntry(
      readKeyLog(record.log.slice(0, before), key.anonymous, record.cut),
      entry,
      key.anonymous,
    )
    return { state: readState(key.id, record, key.anonymous), position, delivery }
  }

  /** Lets a record go soon in which nothing counts any more; if that changes, the process that looks at it then keeps it. */
  async function retire({ id, endpoint, anonymous }: Key, state: KeyState): Promise<void> {
    const data = { anonymous, remembers: endpoint.startsWorkflow === true }
    if (liveUntil(state, data) <= clock.now()) await ledger.touch('key', id, LINGER_MS)
  }

  async function mark({ id }: Key): Promise<void> {
    await ledger.create('mark', markOf(id), { data: null, ttlMs: REMEMBER_MS })
  }

  /** The mark is made in the same step, unless it is there since the id was settled before. */
  async function appendSettled(key: Key, entry: KeyEntry): Promise<number> {
    const claim = { mark: markOf(key.id), ttlMs: REMEMBER_MS }
    const orCreate = { data: dataOf(key), ttlMs: LINGER_MS }
    const position = await ledger.claim('key', key.id, entry, { orCreate, claim })
    if (position !== undefined) return position
    if (!(await ledger.touch('mark', claim.mark, REMEMBER_MS))) await mark(key)
    return ledger.append('key', key.id, entry)
  }

  return {
    read,
    async readBoth({ id, anonymous }) {
      const record = await ledger.read('key', id)
      return { state: readState(id, record, anonymous), record }
    },
    async write(key, entry, { ttlMs, known }) {
      const orCreate = { data: dataOf(key), ttlMs }
      const written = await tryToWrite(() => ledger.append('key', key.id, entry, { orCreate }), key, entry, known)
      if (written === undefined) throw staysGone()
      return written
    },
    async findWait({ id, anonymous }, wait) {
      const record = await ledger.read('key', id)
      if (record === undefined) return undefined
      const state = readState(id, record, anonymous)
      return state.waits.has(wait) ? { state, position: positionOf(record, wait) } : undefined
    },
    claim(key, entry, { ttlMs, known, claim }) {
      const orCreate = { data: dataOf(key), ttlMs }
      // The mark is claimed once; what is written again, since its record went, is not.
      let isClaimed = false
      const append = async (): Promise<number | undefined> => {
        if (isClaimed) return ledger.append('key', key.id, entry, { orCreate })
        const position = await ledger.claim('key', key.id, entry, { orCreate, claim })
        isClaimed = position !== undefined
        return position
      }
      return tryToWrite(append, key, entry, known)
    },
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
    async endWait(key, wait, why, known) {
      const isSettled = why === 'settled' && !key.anonymous
      const entry: KeyEntry = { is: 'end', wait, at: clock.now(), why }
      const position = isSettled ? await appendSettled(key, entry) : await ledger.append('key', key.id, entry)
      if (position === 0) return undefined
      const isKnown = known?.length === position - 1
      const record = isKnown ? undefined : await ledger.read('key', key.id)
      const before = isKnown ? known : readBefore(record, position, key.anonymous)
      const got = before.waits.get(wait)?.got
      if (isKnown) applyEntry(known, entry, key.anonymous)
      const state = isKnown ? known : readState(key.id, record, key.anonymous)
      if (isKnown || record) await retire(key, isSettled ? withoutMark(state) : state)
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
      const state = readKeyLog(record.log, data.anonymous, record.cut)
      const isMarked = (await ledger.read('mark', markOf(id))) !== undefined
      const left = liveUntil(isMarked ? withoutMark(state) : state, data) - clock.now()
      const forgotten = state.parked.filter(({ until }) => until <= clock.now())
      if (left <= 0) {
        for (const entry of forgotten) onParked(entry)
        return { remove: true, seen: state.length }
      }
      if (forgotten.length > 0) await forget(id, state, forgotten, onParked)
      const next = state.parked.map(({ until }) => until - clock.now()).filter((ms) => ms > 0)
      return { keepMs: Math.min(left, ...next) }
    },
  }

  /** Takes out what was parked in vain, where something else of the log still counts. */
  async function forget(
    id: string,
    state: KeyState,
    forgotten: readonly OutcomeEntry[],
    onParked: (entry: OutcomeEntry) => void,
  ): Promise<void> {
    const parked = state.parked.filter((entry) => !forgotten.includes(entry))
    const isCut = await ledger.cut('key', id, state.length, toStateEntry({ ...state, parked }))
    if (isCut) for (const entry of forgotten) onParked(entry)
  }
}

/** What a log said before an entry of ours, or as much of that as was not cut away. */
function readBefore(record: LedgerRecord | undefined, position: number, anonymous: boolean): KeyState {
  const { log = [], cut = 0 } = record ?? {}
  return readKeyLog(log.slice(0, Math.max(position - 1 - cut, 1)), anonymous, cut)
}

/** Where a wait was registered last; where the log was cut when that was before the cut. */
function positionOf({ log, cut }: LedgerRecord, wait: string): number {
  const isOf = (entry: Partial<WaitEntry>): boolean => entry.is === 'wait' && entry.wait === wait
  return cut + log.findLastIndex((entry) => isOf(entry as Partial<WaitEntry>)) + 1
}

/** What became of an outcome whose place in the log is not known any more. */
function settledBy({ is }: KeyEntry): Delivery | undefined {
  return is === 'outcome' ? 'settled' : undefined
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

function ignore(): void {}
