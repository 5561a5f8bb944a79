import { startTimer } from '../../../base/timers'
import type { Clock, Ledger, LedgerRecord, Logger } from '../../../base/contracts'
import { coalesce } from '../../collections/coalesce'
import type { EndReason, KeyState, OutcomeEntry, WaitEntry } from '../key-entries'
import { REMEMBER_MS } from '../key-log'
import type { HeldKey, KeptWait, KeptWaitDesk } from './kept-wait'
import type { Key, Keys } from '../keys'
import type { LocalWaits } from './local-waits'
import type { Message } from '../messages'
import type { ParkedHere } from '../parked-here'
import type { Persist } from '../persistence'
import type { Presence } from '../presence'

export interface WaitDeskOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly logger: Logger
  readonly isShared: boolean
  /** The name of this process. */
  readonly self: string
  readonly keys: Keys
  readonly here: LocalWaits
  readonly parked: ParkedHere
  readonly presence: Presence
  readonly persist: Persist
  readonly open: () => Promise<void>
  /** Called when the ledger was found to have lost something, at most once a minute. */
  readonly onLoss: () => void
}

/** Registers the waits of this process in the ledger, and finds out what came for them. */
export interface WaitDesk {
  readonly desk: KeptWaitDesk
  /** Hands out what the log of a key says to the waits for it here. */
  look(id: string): Promise<void>
  /** Reads a key, having registered again what the ledger has lost of it, and dropped the waits of dead processes. */
  read(key: Key): Promise<KeyState>
  /** Looks at every key that is waited for here, and registers again what the ledger has lost. */
  restoreAll(): Promise<void>
  /** Hands out what a log says, and tells other processes whose waits have something. */
  tell(key: Key, state: KeyState): Promise<void>
  close(): void
}

/** How long a wait may take to find out whether something came in its last moment. */
const REVIEW_MS = 5000
/** How often a queue is looked at in which waits of other processes stand, since they may die. */
const RECHECK_MS = 5000
/** How long it is taken for granted that what the ledger has lost is being restored. */
const QUIET_MS = 60_000
/** How many keys are looked at together, when all of them are. */
const AT_ONCE = 100

/** Creates the desk of a process; nobody waits yet. */
export function createWaitDesk(options: WaitDeskOptions): WaitDesk {
  const { ledger, clock, logger, isShared, self, keys, here, parked, presence, persist } = options
  const rechecks = new Map<string, () => void>()
  const restoreAll = coalesce(restoreEach)
  let isRestoring = false
  /** The waits that were lost since that was told last. */
  const lost = new Set<string>()
  let quietUntil = 0
  let isClosed = false

  const publish = async (message: Message): Promise<void> => {
    if (isShared) await ledger.publish(message)
  }

  const desk: KeptWaitDesk = {
    self,
    async announce(kept, announced) {
      for (const key of announced) here.add(key, kept)
      const interest = { isOver: () => kept.isLate }
      await persist(options.open, interest)
      await Promise.all(announced.map((key) => persist(() => announceOne(kept, key), interest)))
    },
    conclude(kept, concluded, why) {
      void persist(() => endUnder(kept, concluded, why))
    },
    async review(kept) {
      const reviewed = [...kept.keys.values()]
      const found: OutcomeEntry[] = []
      const work = async (): Promise<void> => void found.push(...(await endUnder(kept, reviewed, 'late')))
      const { kept: name, isByHand = name === undefined } = kept.request
      // A run goes on only when the store is there again; a caller that waits by hand is not kept waiting.
      if (!isByHand) await persist(work, { isOver: () => kept.isOver })
      else if (!(await persist.within(REVIEW_MS, work)) && name === undefined) desk.conclude(kept, reviewed, 'left')
      return found.toSorted((one, other) => one.at - other.at)[0]
    },
    forget: here.delete,
  }

  /** Returns what had come for a wait before it was over. */
  async function endUnder(kept: KeptWait, ended: readonly HeldKey[], why: EndReason): Promise<readonly OutcomeEntry[]> {
    await kept.registered
    const found = await Promise.all(ended.map((key) => endOne(kept, key, why)))
    return found.filter((entry) => entry !== undefined)
  }

  async function endOne(kept: KeptWait, key: HeldKey, why: EndReason): Promise<OutcomeEntry | undefined> {
    // While an id is waited for, nobody asks whether it was settled before; a later callback counts again.
    if (why !== 'settled') await keys.unsettle(key)
    const ended = await keys.endWait(key, kept.id, why, kept.seenOf(key))
    if (ended?.got && key.anonymous && (why === 'cancelled' || why === 'left')) await tell(key, ended.state)
    return ended?.got
  }

  async function announceOne(kept: KeptWait, key: HeldKey): Promise<void> {
    const { id: wait, until, by } = kept
    const entry: WaitEntry = { is: 'wait', wait, at: clock.now(), until, by }
    const known = kept.request.isReopened === true ? await keys.findWait(key, wait) : undefined
    const written = known ?? (await keys.write(key, entry, { ttlMs: Math.max(until - clock.now(), 0) }))
    key.position = written.position
    const state = await dropDead(key, written.state)
    const got = state.waits.get(wait)?.got
    if (got === undefined) return
    parked.remove(key.id)
    here.hand(key.id, state)
    await publish({ is: 'taken', key: key.id })
  }

  /**
   * Takes the waits of dead processes out of a queue in which others wait, who get what has come for them. Under an id
   * they stay: they keep no wait back, and a callback for them is kept for the next one.
   */
  async function dropDead(key: Key, known: KeyState): Promise<KeyState> {
    let state = known
    if (!key.anonymous) return state
    const names = [...state.waits.values()].map(({ by }) => by)
    const others = names.flatMap((by) => (by === undefined || by === self ? [] : by))
    if (others.length === 0) return state
    const dead = new Set(await presence.findDead(others))
    if (names.every((by) => by !== undefined && dead.has(by))) return state
    for (const by of dead) {
      const entry = { is: 'gone', by, at: clock.now() } as const
      ;({ state } = await keys.write(key, entry, { ttlMs: REMEMBER_MS, known: state }))
      await publish({ is: 'gone', by })
    }
    if (dead.size > 0) await tell(key, state)
    else if (isShared) recheck(key.id)
    return state
  }

  function recheck(id: string): void {
    if (isClosed || rechecks.has(id) || !here.has(id)) return
    const stop = startTimer(clock, RECHECK_MS, () => {
      rechecks.delete(id)
      void look(id)
    })
    rechecks.set(id, stop)
  }

  async function tell(key: Key, state: KeyState): Promise<void> {
    if (!here.hand(key.id, state)) await publish({ is: 'settled', key: key.id })
  }

  async function look(id: string): Promise<void> {
    const [first] = here.find(id)
    if (first) await persist(async () => here.hand(id, await read(first.key)))
  }

  async function read(key: Key): Promise<KeyState> {
    // What is registered while the log is read may not be in there yet: it is not lost.
    const before = here.find(key.id).filter(({ key: { position } }) => position > 0)
    const registered = new Set(before.map(({ wait }) => wait.id))
    const { state, record } = await keys.readBoth(key)
    const waits = here.find(key.id).filter(({ wait }) => !wait.isLate)
    const missing = waits.filter((one) => isMissing(one.wait, one.key, state, record))
    if (missing.length === 0) return dropDead(key, state)
    // Those that are being registered have been asked for before this callback came, and may get it.
    const gone = missing.filter(({ wait }) => registered.has(wait.id))
    await Promise.all(missing.map((one) => one.wait.again(announceOne(one.wait, one.key))))
    for (const { wait } of gone) lost.add(wait.id)
    if (gone.length > 0) noteLoss()
    return dropDead(key, await keys.read(key))
  }

  /** What is lost of one key may be lost of all. */
  function noteLoss(): void {
    if (isRestoring || clock.now() < quietUntil) return
    quietUntil = clock.now() + QUIET_MS
    options.onLoss()
  }

  async function restoreEach(): Promise<void> {
    isRestoring = true
    quietUntil = clock.now() + QUIET_MS
    const ids = here.ids()
    for (let from = 0; from < ids.length && !isClosed; from += AT_ONCE)
      await Promise.all(ids.slice(from, from + AT_ONCE).map(look))
    if (lost.size > 0) warnOfLoss(lost.size)
    lost.clear()
    isRestoring = false
  }

  function warnOfLoss(count: number): void {
    const waits = count === 1 ? 'a wait' : `${count} waits`
    const message =
      `The store had lost ${waits} of this process (it was restarted without its data, flushed or short of memory, or ` +
      'another process took this one for dead); all that is waited for here is registered again'
    logger.warn({ waits: count }, message)
  }

  return {
    desk,
    look,
    read,
    tell,
    restoreAll,
    close() {
      isClosed = true
      for (const stop of rechecks.values()) stop()
    },
  }
}

/**
 * Whether the ledger does not know an open wait. Only this process ends its own waits. One that outlives its process may
 * have been ended by another, and is missing only when its entry does not stand in the log any more.
 */
function isMissing(kept: KeptWait, { position }: HeldKey, state: KeyState, record: LedgerRecord | undefined): boolean {
  if (state.waits.has(kept.id)) return false
  if (kept.by !== undefined || position === 0 || record === undefined || state.length < position) return true
  if (position <= record.cut) return false
  const entry = record.log[position - record.cut - 1] as Partial<WaitEntry> | undefined
  return entry?.is !== 'wait' || entry.wait !== kept.id
}
