import { CallbackError } from '../../../base/errors'
import type { Claim, Delivery, Ledger } from '../../../base/contracts'
import type { KeyData, KeyEntry, KeyState } from '../key-entries'
import { applyEntry, readKeyLog, REMEMBER_MS } from '../key-log'
import { dataOf, type Key } from './key'
import type { KeyReads } from './reads'

/** What an entry of ours came to. */
export interface Written {
  /** What the log says with it, as far as it was read. */
  readonly state: KeyState
  readonly position: number
  /** What became of an outcome. */
  readonly delivery: Delivery | undefined
}

export interface WriteOptions {
  /** How long a record is kept that this entry creates, in milliseconds. */
  readonly ttlMs: number
  /** What the log says, where that is known; it saves reading the log. */
  readonly known?: KeyState | undefined
}

/** Appends to the logs of keys. */
export interface KeyWrites {
  /** Returns what tells the present record of a key from earlier ones; creates it if there is none. */
  born(key: Key): Promise<string>
  write(key: Key, entry: KeyEntry, options: WriteOptions): Promise<Written>
  /** Claims a mark in the same step; undefined when it is there already, and nothing is written. */
  claim(key: Key, entry: KeyEntry, options: WriteOptions & { readonly claim: Claim }): Promise<Written | undefined>
}

/** A record may be removed between an append and the read after it; then both are done again, so many times. */
const TRIES = 10

/** Creates what appends to the keys of a ledger. */
export function createKeyWrites(ledger: Ledger, { readState }: KeyReads): KeyWrites {
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
    if (before < 0) return { state: readState(key, record), position, delivery: settledBy(entry) }
    const delivery = applyEntry(
      readKeyLog(record.log.slice(0, before), key.anonymous, record.cut),
      entry,
      key.anonymous,
    )
    return { state: readState(key, record), position, delivery }
  }

  return {
    async born(key) {
      for (let attempt = 0; attempt < TRIES; attempt += 1) {
        await ledger.create('key', key.id, { data: dataOf(key), ttlMs: REMEMBER_MS })
        const record = await ledger.read('key', key.id)
        if (record) return (record.data as KeyData).born
      }
      throw staysGone()
    },
    async write(key, entry, { ttlMs, known }) {
      const orCreate = { data: dataOf(key), ttlMs }
      const written = await tryToWrite(() => ledger.append('key', key.id, entry, { orCreate }), key, entry, known)
      if (written === undefined) throw staysGone()
      return written
    },
    claim(key, entry, { ttlMs, known, claim }) {
      const orCreate = { data: dataOf(key), ttlMs }
      // The mark is claimed once; an entry that is written again, since its record is gone, claims nothing.
      let isClaimed = false
      const append = async (): Promise<number | undefined> => {
        if (isClaimed) return ledger.append('key', key.id, entry, { orCreate })
        const position = await ledger.claim('key', key.id, entry, { orCreate, claim })
        isClaimed = position !== undefined
        return position
      }
      return tryToWrite(append, key, entry, known)
    },
  }
}

/** What became of an outcome whose place in the log is not known any more. */
function settledBy({ is }: KeyEntry): Delivery | undefined {
  return is === 'outcome' ? 'settled' : undefined
}

function staysGone(): CallbackError {
  return new CallbackError('ERR_STORE_UNAVAILABLE', {
    message: 'A record of the store is gone each time that it is written; try again',
  })
}
