import type { Clock, JoinedWait, Ledger, NamedWait, NamedWaits, Outcome } from '../../../base/contracts'
import { fromKept, toKept } from '../codec'
import { REMEMBER_MS } from '../../scope'
import { digest, type Key, keyOf, keysOf } from '../keys/key'
import type { Keys } from '../keys/keys'
import type { Message } from '../messages'
import type { Persist } from '../persistence'
import { endLeftWait } from './left-waits'

export interface NamedWaitsOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly keys: Keys
  readonly persist: Persist
  readonly open: () => Promise<void>
}

/** The waits by name of a ledger. This process watches those that it has open. */
export interface StoredNames extends NamedWaits {
  /** Looks at a wait that has ended in another process. */
  onMessage(name: string): void
  /** Looks at every wait that is watched here, and writes again the waits that the ledger has lost. Never rejects. */
  onBack(): Promise<void>
}

interface Watched {
  readonly wait: NamedWait
  readonly onOutcome: (outcome: Outcome) => void
}

interface OutcomeEntry {
  readonly is: 'outcome'
  readonly kept: unknown
}

/** A record may be removed between two steps; then both are done again, so many times. */
const TRIES = 10
/** How many waits are looked at together, when all of them are. */
const AT_ONCE = 100

/**
 * Creates the waits by name of a ledger. Each is a record of the kind `mark`: the first process that asks by a name writes
 * its ids and its deadline, and the first outcome in the log is the one that counts. It is kept for a day after that.
 */
export function createNamedWaits({ ledger, clock, keys, persist, open }: NamedWaitsOptions): StoredNames {
  const watched = new Map<string, Watched>()

  const newRecord = (wait: NamedWait) => ({
    data: wait,
    ttlMs: Math.max(wait.deadline - clock.now(), 0) + REMEMBER_MS,
  })

  async function join(name: string, proposal: NamedWait): Promise<JoinedWait> {
    for (let attempt = 0; ; attempt += 1) {
      const joined = await find(ledger, name)
      if (joined !== undefined || attempt >= TRIES) return joined ?? proposal
      await ledger.create('mark', name, newRecord(proposal))
    }
  }

  /** Registers the wait before its record is created: protocol, 1. */
  async function begin(name: string, proposal: NamedWait, wanted: readonly Key[]): Promise<JoinedWait> {
    const found = await find(ledger, name)
    if (found?.outcome) await endLeftWait(keys, wanted, name, found.outcome)
    if (found !== undefined) return found
    const until = proposal.deadline
    const ttlMs = Math.max(until - clock.now(), 0)
    const { idleMs } = proposal
    const many = idleMs === undefined ? undefined : { idleMs, reader: '' }
    const register = (key: Key) => keys.write(key, { is: 'wait', wait: name, at: clock.now(), until, many }, { ttlMs })
    await Promise.all(wanted.map(register))
    const joined = await join(name, proposal)
    await Promise.all(wanted.filter((key) => !isOf(key, joined)).map((key) => keys.endWait(key, name, 'cancelled')))
    return joined
  }

  async function look(name: string): Promise<void> {
    const one = watched.get(name)
    if (one === undefined) return
    await persist(async () => {
      const { outcome } = await join(name, one.wait)
      if (outcome && watched.get(name) === one) one.onOutcome(outcome)
    })
  }

  return {
    toName: (key) => `w${digest(['wait', key])}`,
    async join(name, proposal, waitsFor) {
      let joined: JoinedWait | undefined
      const work = async (): Promise<void> => {
        await open()
        joined = await (waitsFor ? begin(name, proposal, keysOf(waitsFor)) : join(name, proposal))
      }
      await persist(work, { isOver: () => clock.now() >= proposal.deadline })
      return joined
    },
    async end(name, wait, outcome) {
      let counted = outcome
      const isKept = await persist(async () => {
        const entry: OutcomeEntry = { is: 'outcome', kept: toKept(outcome) }
        const position = await ledger.append('mark', name, entry, { orCreate: newRecord(wait) })
        if (position > 1) counted = outcomeIn((await ledger.read('mark', name))?.log ?? []) ?? outcome
        await ledger.touch('mark', name, REMEMBER_MS)
        await ledger.publish({ is: 'named', name } satisfies Message)
      })
      return isKept ? counted : undefined
    },
    watch(name, wait, onOutcome) {
      const one = { wait, onOutcome }
      watched.set(name, one)
      return () => void (watched.get(name) === one && watched.delete(name))
    },
    onMessage: (name) => void look(name),
    async onBack() {
      const names = [...watched.keys()]
      for (let from = 0; from < names.length; from += AT_ONCE)
        await Promise.all(names.slice(from, from + AT_ONCE).map(look))
    },
  }
}

async function find(ledger: Ledger, name: string): Promise<JoinedWait | undefined> {
  const record = await ledger.read('mark', name)
  if (record === undefined) return undefined
  const outcome = outcomeIn(record.log)
  return { ...(record.data as NamedWait), ...(outcome && { outcome }) }
}

/** Whether a wait is registered under a key. Another process may have begun the wait with other ids. */
function isOf({ id, endpoint, anonymous }: Key, { endpoints, ids }: NamedWait): boolean {
  if (!endpoints.includes(endpoint.key)) return false
  return anonymous || ids.some((one) => keyOf(endpoint, one).id === id)
}

function outcomeIn(log: readonly unknown[]): Outcome | undefined {
  const [first] = log as readonly OutcomeEntry[]
  return first && (fromKept(first.kept) as Outcome)
}
