import type { Ledger, LedgerRecord } from '../../../base/contracts'
import type { KeyState, WaitEntry } from '../key-entries'
import { readKeyLog } from '../key-log'
import { toStateEntry } from '../key-state'
import type { Key } from './key'

/** Reads the logs of keys, and cuts those that have become long. */
export interface KeyReads {
  read(key: Key): Promise<KeyState>
  /** Returns the record too, which has the positions of its entries. */
  readBoth(key: Key): Promise<{ readonly state: KeyState; readonly record: LedgerRecord | undefined }>
  /** Finds a wait that is open in the log already; undefined when it is not. */
  findWait(key: Key, wait: string): Promise<{ readonly state: KeyState; readonly position: number } | undefined>
  /** Returns the state that a record comes to, and cuts its log when that has become long. */
  readState(key: Pick<Key, 'id' | 'anonymous'>, record: LedgerRecord | undefined): KeyState
}

/** A log is cut when it has so many entries, and most of them do not count any more. */
const CUT_FROM = 32

/** Creates what reads the keys of a ledger. */
export function createKeyReads(ledger: Ledger): KeyReads {
  function readState({ id, anonymous }: Pick<Key, 'id' | 'anonymous'>, record: LedgerRecord | undefined): KeyState {
    const state = readKeyLog(record?.log ?? [], anonymous, record?.cut)
    const live = toLive(state)
    const length = record?.log.length ?? 0
    // A cut that fails is made by the next reader.
    if (length >= CUT_FROM && length > 2 * live) ledger.cut('key', id, state.length, toStateEntry(state)).catch(ignore)
    return state
  }

  return {
    readState,
    async read(key) {
      return readState(key, await ledger.read('key', key.id))
    },
    async readBoth(key) {
      const record = await ledger.read('key', key.id)
      return { state: readState(key, record), record }
    },
    async findWait(key, wait) {
      const record = await ledger.read('key', key.id)
      if (record === undefined) return undefined
      const state = readState(key, record)
      return state.waits.has(wait) ? { state, position: positionOf(record, wait) } : undefined
    },
  }
}

/** Returns how many entries a state would need. */
function toLive({ waits, parked }: KeyState): number {
  return [...waits.values()].reduce((sum, { many }) => sum + 1 + (many?.items.length ?? 0), parked.length)
}

/** Returns the state of a log before an entry of this process, as far as that was not cut away. */
export function readBefore(record: LedgerRecord | undefined, position: number, anonymous: boolean): KeyState {
  const { log = [], cut = 0 } = record ?? {}
  return readKeyLog(log.slice(0, Math.max(position - 1 - cut, 1)), anonymous, cut)
}

/** Returns the last position at which a wait was registered, or that of the cut when it was registered before the cut. */
function positionOf({ log, cut }: LedgerRecord, wait: string): number {
  const isOf = (entry: Partial<WaitEntry>): boolean => entry.is === 'wait' && entry.wait === wait
  return cut + log.findLastIndex((entry) => isOf(entry as Partial<WaitEntry>)) + 1
}

function ignore(): void {}
