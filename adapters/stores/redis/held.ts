import { randomUUID } from 'node:crypto'
import { isDoneWithin, startTimer } from '../../../lib/base/timers'
import type { Clock, DueAnswer, LedgerHandlers, Logger, RecordKind } from '../../../lib/base/contracts'
import { memberOf, type Names, parseMember } from './names'
import { SCRIPTS, toTtl } from './scripts'
import type { Sender } from './link/sender'
import { runScript } from './link/wire'

/** How many due records one process works on at a time. */
const MAX_HELD = 50
/** How long the lease of a due record lasts without being renewed; then another process works on it. */
const LEASE_MS = 5_000
const RENEW_MS = 1_300
/** Until a record is due again whose handler failed. */
const RETRY_MS = 2_000
/** How long the handlers may take to end when the store is closed. */
const CLOSE_MS = 2_000

export interface HeldOptions {
  readonly sender: Sender
  readonly names: Names
  readonly handlers: LedgerHandlers
  readonly clock: Clock
  readonly logger: Logger
  /** Whether the store is being closed: then a record whose handler fails is left to other processes at once. */
  isClosed(): boolean
  /** Called with what a record was answered, when the server has it. */
  onSettled(answer: DueAnswer): void
  /** Called when a record is done and there is room for one more, after there was none. */
  onRoom(): void
}

/** The due records that this process works on, each under a lease. */
export interface Held {
  /** How many more records may be taken. */
  readonly room: number
  /** The arguments by which the script `take` gives out leases: the token, and how long they last. */
  readonly lease: readonly [token: string, ms: string]
  /** Asks the handler about a record that was taken, and tells the server the answer. */
  begin(member: string): void
  /** Waits a while for the handlers, and leaves the rest to other processes. */
  close(): Promise<void>
}

/** Creates an empty set of held records. */
export function createHeld({ sender, names, handlers, clock, logger, isClosed, onSettled, onRoom }: HeldOptions): Held {
  const lease = [randomUUID(), String(LEASE_MS)] as const
  const [token] = lease
  const working = new Map<string, Promise<void>>()
  let stopRenew = (): void => undefined
  let isTold = false

  async function decide(kind: RecordKind, id: string): Promise<DueAnswer> {
    try {
      const answer = await handlers.onDue(kind, id)
      isTold = false
      return answer
    } catch (error) {
      if (!isTold && !isClosed())
        logger.warn({ kind, id, error }, 'A due record could not be worked on; it is tried again')
      isTold = true
      return { keepMs: isClosed() ? 0 : RETRY_MS }
    }
  }

  /** When the server cannot be told, the lease ends, and the record is due again. */
  async function settle(kind: RecordKind, id: string, answer: DueAnswer): Promise<void> {
    const how = 'keepMs' in answer ? ['keep', toTtl(answer.keepMs)] : ['remove', ...seenOf(answer.seen)]
    const sent = sender.send(runScript(names, SCRIPTS.settle, [memberOf(kind, id), token, ...how]))
    const isKept = await sent.then(
      () => true,
      () => false,
    )
    if (isKept) onSettled(answer)
  }

  function renewLater(): void {
    stopRenew()
    stopRenew = startTimer(clock, RENEW_MS, () => {
      if (working.size === 0) return
      sender.send(runScript(names, SCRIPTS.renew, [...lease, ...working.keys()])).catch(() => undefined)
      renewLater()
    })
  }

  return {
    lease,
    get room() {
      return MAX_HELD - working.size
    },
    begin(member) {
      const record = parseMember(member)
      if (record === undefined || working.has(member)) return
      const work = decide(record.kind, record.id)
        .then((answer) => settle(record.kind, record.id, answer))
        .finally(() => {
          working.delete(member)
          if (working.size === MAX_HELD - 1) onRoom()
        })
      if (working.size === 0) renewLater()
      working.set(member, work)
    },
    async close() {
      await isDoneWithin(clock, CLOSE_MS, Promise.all(working.values()))
      stopRenew()
      // Other processes need not wait until the lease has ended.
      const left = [...working.keys()].flatMap((member) => parseMember(member) ?? [])
      await Promise.all(left.map(({ kind, id }) => settle(kind, id, { keepMs: 0 })))
    },
  }
}

function seenOf(seen: number | undefined): readonly string[] {
  return seen === undefined ? [] : [String(seen)]
}
