import type { Clock, LedgerRecord, Logger } from '../../../base/contracts'
import { coalesce } from '../../collections/coalesce'
import type { KeyState, WaitEntry } from '../key-entries'
import type { Key } from '../keys/key'
import type { Keys } from '../keys/keys'
import type { Persist } from '../persistence'
import type { HeldKey, HeldWait, LocalWait, LocalWaits } from './local-waits'
import type { Queues } from './queues'

export interface WatchOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly keys: Keys
  readonly here: LocalWaits
  readonly queues: Queues
  readonly persist: Persist
  /** Called when the ledger was found to have lost a wait, at most once a minute. */
  readonly onLoss: () => void
}

/** Reads the logs of the keys that are waited for here, and registers again the waits that the ledger has lost. */
export interface Watch {
  /** Hands out the outcomes in the log of a key to the waits here. */
  look(key: string): Promise<void>
  read(key: Key): Promise<KeyState>
  /** Looks at every key that is waited for here. */
  restoreAll(): Promise<void>
  close(): void
}

/** How long no other loss is reported, since what the ledger has lost is being restored. */
const QUIET_MS = 60_000
/** How many keys are looked at together, when all of them are. */
const AT_ONCE = 100

/** Creates what watches the logs for the waits of this process. */
export function createWatch(options: WatchOptions): Watch {
  const { clock, logger, keys, here, queues, persist } = options
  /** The waits that were found lost since the last warning. */
  const lost = new Set<string>()
  let isRestoring = false
  let quietUntil = 0
  let isClosed = false

  async function read(key: Key): Promise<KeyState> {
    // A wait that is registered while the log is read may not be in there yet; it is not lost.
    const before = here.find(key.id).filter(({ key: { position } }) => position > 0)
    const registered = new Set(before.map(({ wait }) => wait.id))
    const { state, record } = await keys.readBoth(key)
    const waits = here.find(key.id).filter(({ wait }) => !wait.isLate)
    const missing = waits.filter((one) => isMissing(one, state, record))
    if (missing.length === 0) return queues.dropDead(key, state)
    // Waits that are being registered were asked for before this callback came, and may get it.
    await Promise.all(missing.map((one) => one.wait.again(one.key, wasEnded(one, state.length, record))))
    const gone = missing.filter(({ wait }) => registered.has(wait.id))
    for (const { wait } of gone) lost.add(wait.id)
    if (gone.length > 0) noteLoss()
    return queues.dropDead(key, await keys.read(key))
  }

  async function look(key: string): Promise<void> {
    const [first] = here.find(key)
    if (first) await persist(async () => here.hand(key, await read(first.key)))
  }

  /** A ledger that has lost a wait of one key may have lost the waits of all keys. */
  function noteLoss(): void {
    if (isRestoring || clock.now() < quietUntil) return
    quietUntil = clock.now() + QUIET_MS
    options.onLoss()
  }

  async function restoreEach(): Promise<void> {
    isRestoring = true
    quietUntil = clock.now() + QUIET_MS
    const all = here.keys()
    for (let from = 0; from < all.length && !isClosed; from += AT_ONCE)
      await Promise.all(all.slice(from, from + AT_ONCE).map(look))
    if (lost.size > 0) warnOfLoss(logger, lost.size)
    lost.clear()
    isRestoring = false
  }

  return {
    look,
    read,
    restoreAll: coalesce(restoreEach),
    close() {
      isClosed = true
      queues.close()
    },
  }
}

/**
 * Whether the ledger does not know an open wait. Only this process ends its own waits. One that outlives its process may
 * have been ended by another process, and is missing only when its entry is not in the log any more.
 */
function isMissing({ wait, key }: HeldWait, state: KeyState, record: LedgerRecord | undefined): boolean {
  if (state.waits.has(wait.id)) return false
  return wait.by !== undefined || !wasEnded({ wait, key }, state.length, record)
}

/** Whether a wait that is not open in the log was ended there, and not lost: its entry is in the log, or was cut away. */
export function wasEnded(
  { wait, key: { position } }: { readonly wait: Pick<LocalWait, 'id'>; readonly key: HeldKey },
  length: number,
  record: LedgerRecord | undefined,
): boolean {
  if (position === 0 || record === undefined || length < position) return false
  if (position <= record.cut) return true
  const entry = record.log[position - record.cut - 1] as Partial<WaitEntry> | undefined
  return entry?.is === 'wait' && entry.wait === wait.id
}

function warnOfLoss(logger: Logger, count: number): void {
  const waits = count === 1 ? 'a wait' : `${count} waits`
  const message =
    `The store had lost ${waits} of this process (it was restarted without its data, flushed or short of memory, or ` +
    'another process took this one for dead); all that is waited for here is registered again'
  logger.warn({ waits: count }, message)
}
