import { CallbackError } from '../../../base/errors'
import type { Claim, Delivery, Ledger } from '../../../base/contracts'
import type { KeyData, KeyEntry, KeyState } from '../key-entries'
import { REMEMBER_MS } from '../../scope'
import { applyEntry, readKeyLog } from '../key-log'
import { dataOf, type Key } from './key'
import type { KeyReads } from './reads'

/** What an entry of this process came to. */
export interface Written {
  /** The state of the log with the entry, as far as the log was read. */
  readonly state: KeyState
  readonly position: number
  /** What became of the entry, if it is an outcome. */
  readonly delivery: Delivery | undefined
}

export interface WriteOptions {
  /** When a record that this entry creates is due, in milliseconds. */
  readonly ttlMs: number
  /** The state of the log, where it is known; that saves reading the log. */
  readonly known?: KeyState | undefined
}

/** Appends to the logs of keys. */
export interface KeyWrites {
  /** Returns the name `born` of the record of a key; creates a record if there is none. */
  born(key: Key): Promise<string>
  write(key: Key, entry: KeyEntry, options: WriteOptions): Promise<Written>
  /** Claims a mark in the step that appends; undefined when the mark is there already, and nothing is written. */
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

  /** Reads what an entry came to; undefined when its record was removed meanwhile. */
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
    // Another process has cut the log behind the entry. The state has its waits, which are told in any case.
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

/** Returns what becomes of an outcome that was cut away before this process has read it. */
function settledBy({ is }: KeyEntry): Delivery | undefined {
  return is === 'outcome' ? 'settled' : undefined
}

function staysGone(): CallbackError {
  return new CallbackError('ERR_STORE_UNAVAILABLE', {
    message: 'A record of the store was removed each time that it was written; try again',
  })
}
