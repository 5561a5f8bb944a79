import type { Clock, Ledger } from '../../../base/contracts'
import type { EndEntry, EndReason, KeyState, OutcomeEntry } from '../key-entries'
import { REMEMBER_MS } from '../../scope'
import { applyEntry, liveUntil, withoutSettled } from '../key-log'
import { dataOf, type Key, settledMark } from './key'
import { type KeyReads, readBefore } from './reads'

/** A wait that was ended. */
export interface EndedWait {
  readonly got: OutcomeEntry | undefined
  readonly state: KeyState
}

/** Ends waits, and remembers which ids are settled. */
export interface KeyEnds {
  /** Ends a wait, and returns the outcome that had come for it before; undefined when the key has no record. */
  endWait(key: Key, wait: string, why: EndReason, known?: KeyState): Promise<EndedWait | undefined>
  /** Whether the mark of the id says that it was settled within the last day. */
  isSettled(key: Key): Promise<boolean>
  /** Marks an id as settled when its log says so, and no wait will say it. */
  settle(key: Key): Promise<void>
  /** Removes the mark which says that the id was settled. */
  unsettle(key: Key): Promise<void>
}

/** Where an entry stands, and whether its record was made due with it. */
interface Appended {
  readonly position: number
  readonly isRetired: boolean
}

/** How long a record is kept in which nothing counts any more: a few of its ids are waited for again. */
const LINGER_MS = 60_000

/** Creates what ends the waits in a ledger. */
export function createKeyEnds(ledger: Ledger, clock: Clock, { read, readState }: KeyReads): KeyEnds {
  /** Makes a record due soon in which nothing counts any more. The review keeps it if that has changed by then. */
  async function retire({ id, endpoint, anonymous }: Key, state: KeyState): Promise<void> {
    const data = { anonymous, remembers: endpoint.startsWorkflow === true }
    if (liveUntil(state, data) <= clock.now()) await ledger.touch('key', id, LINGER_MS)
  }

  async function mark({ id }: Key): Promise<void> {
    await ledger.create('mark', settledMark(id), { data: null, ttlMs: REMEMBER_MS })
  }

  /**
   * The mark is made in the step that appends, unless the id was settled before and has its mark. The record is made due in that
   * step too, when this is its last wait as far as is known; else the review keeps it.
   */
  async function appendSettled(key: Key, entry: EndEntry, isLast: boolean): Promise<Appended> {
    const claim = { mark: settledMark(key.id), ttlMs: REMEMBER_MS }
    const orCreate = { data: dataOf(key), ttlMs: LINGER_MS }
    const dueMs = isLast ? LINGER_MS : undefined
    const claimed = await ledger.claim('key', key.id, entry, { orCreate, claim, dueMs })
    if (claimed !== undefined) return { position: claimed, isRetired: isLast }
    if (!(await ledger.touch('mark', claim.mark, REMEMBER_MS))) await mark(key)
    return append(key, entry)
  }

  async function append({ id }: Key, entry: EndEntry): Promise<Appended> {
    return { position: await ledger.append('key', id, entry), isRetired: false }
  }

  return {
    async endWait(key, wait, why, known) {
      const isSettled = why === 'settled' && !key.anonymous
      const entry: EndEntry = { is: 'end', wait, at: clock.now(), why }
      const { position, isRetired } = isSettled
        ? await appendSettled(key, entry, known?.waits.size === 1 && known.waits.has(wait))
        : await append(key, entry)
      if (position === 0) return undefined
      const isKnown = known?.length === position - 1
      const record = isKnown ? undefined : await ledger.read('key', key.id)
      const before = isKnown ? known : readBefore(record, position, key.anonymous)
      const got = before.waits.get(wait)?.got
      if (isKnown) applyEntry(known, entry, key.anonymous)
      const state = isKnown ? known : readState(key, record)
      if (isRetired && isKnown) return { got, state }
      if (isKnown || record) await retire(key, isSettled ? withoutSettled(state) : state)
      return { got, state }
    },
    async isSettled({ id, anonymous }) {
      return !anonymous && (await ledger.read('mark', settledMark(id))) !== undefined
    },
    async settle(key) {
      const state = await read(key)
      if (key.anonymous || state.settledAt === undefined) return
      await mark(key)
      await retire(key, withoutSettled(state))
    },
    async unsettle({ id, anonymous }) {
      if (!anonymous) await ledger.touch('mark', settledMark(id), 0)
    },
  }
}
