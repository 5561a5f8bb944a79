import type { Clock, DueAnswer, Ledger } from '../../../base/contracts'
import type { ForgottenEntry, KeyData, KeyState, OutcomeEntry } from '../key-entries'
import { applyEntry, liveUntil, readKeyLog, withoutSettled } from '../key-log'
import { toStateEntry } from '../key-state'
import { createKeyEnds, type KeyEnds } from './ends'
import { type Key, settledMark } from './key'
import { createKeyReads, type KeyReads, readBefore } from './reads'
import { createKeyWrites, type KeyWrites } from './writes'

/** The records of keys in a ledger. Everything rejects with `ERR_STORE_UNAVAILABLE` while the ledger is away. */
export interface Keys extends KeyReads, KeyWrites, KeyEnds {
  /** Sets when a record is due. */
  reviewIn(key: Key, ms: number): Promise<void>
  /** Looks at a record that is due. It is removed when nothing in it counts, and nothing was appended meanwhile. */
  review(id: string, onParked: (entry: OutcomeEntry) => void): Promise<DueAnswer>
}

/** Creates the keys of a ledger. */
export function createKeys(ledger: Ledger, clock: Clock): Keys {
  const reads = createKeyReads(ledger)

  /** Takes out what was parked in vain, where something else in the log still counts. */
  async function forget(
    id: string,
    known: KeyState,
    anonymous: boolean,
    onParked: (entry: OutcomeEntry) => void,
  ): Promise<void> {
    const entry: ForgottenEntry = { is: 'forgotten', at: clock.now() }
    const position = await ledger.append('key', id, entry)
    const record = known.length === position - 1 ? undefined : await ledger.read('key', id)
    const state = record ? readBefore(record, position, anonymous) : known
    if (position === 0 || state.length !== position - 1) return
    const { parked } = state
    applyEntry(state, entry, anonymous)
    await ledger.cut('key', id, position, toStateEntry(state))
    for (const one of parked) if (!state.parked.includes(one)) onParked(one)
  }

  return {
    ...reads,
    ...createKeyWrites(ledger, reads),
    ...createKeyEnds(ledger, clock, reads),
    async reviewIn({ id }, ms) {
      await ledger.touch('key', id, ms)
    },
    async review(id, onParked) {
      const [record, mark] = await Promise.all([ledger.read('key', id), ledger.read('mark', settledMark(id))])
      if (record === undefined) return { remove: true }
      const data = record.data as KeyData
      const state = readKeyLog(record.log, data.anonymous, record.cut)
      const left = liveUntil(mark === undefined ? state : withoutSettled(state), data) - clock.now()
      const forgotten = state.parked.filter(({ until }) => until <= clock.now())
      if (left <= 0) {
        for (const entry of forgotten) onParked(entry)
        return { remove: true, seen: state.length }
      }
      if (forgotten.length > 0) await forget(id, state, data.anonymous, onParked)
      const next = state.parked.map(({ until }) => until - clock.now()).filter((ms) => ms > 0)
      return { keepMs: Math.min(left, ...next) }
    },
  }
}
