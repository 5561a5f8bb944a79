import { randomUUID } from 'node:crypto'
import { elapsedOf, isDoneWithin, startTimer } from '../../../lib/base/timers'
import type { Clock, DueAnswer, LedgerHandlers, Logger, RecordKind } from '../../../lib/base/contracts'
import { memberOf, type Names, parseMember } from './names'
import { SCRIPTS } from './scripts'
import type { Sender } from './link/sender'
import { runScript } from './link/wire'

/** How many due records one process works on at a time. */
const MAX_WORKING = 50
/** How long a process holds a due record without renewing that; then another process works on it. */
const HOLD_MS = 5_000
const RENEW_MS = 1_300
/** How often to look whether something is due that another process was to see. */
const LOOK_MS = 2_000
/** How long the server's clock is guessed from ours. */
const TIME_MS = 60_000
/** Until a record is due again that could not be worked on. */
const RETRY_MS = 2_000
/** Until the server is asked again after it could not be asked. */
const AGAIN_MS = 500
/** How long those that are worked on may take to end when the store is closed. */
const CLOSE_MS = 2_000

export interface DueOptions {
  readonly sender: Sender
  readonly names: Names
  readonly handlers: LedgerHandlers
  readonly clock: Clock
  readonly logger: Logger
}

/** Hands over the due records. */
export interface Due {
  start(): void
  /** A record is due in so many milliseconds. */
  expect(ttlMs: number): void
  /** Takes no more, waits a while for those in work, and leaves the rest to other processes. */
  close(): Promise<void>
}

/** Asks a handler about each record that is due. */
export function createDue({ sender, names, handlers, clock, logger }: DueOptions): Due {
  const token = randomUUID()
  const working = new Map<string, Promise<void>>()
  let looking: Promise<void> | undefined
  let stopLook = (): void => undefined
  let stopRenew = (): void => undefined
  /** When the server is asked next, by the clock's `elapsed`. */
  let lookAt = Infinity
  /** What the server's clock said at which time of ours. */
  let serverTime: { readonly now: number; readonly at: number } | undefined
  let isWantedAgain = false
  let isStarted = false
  let isClosed = false
  let isTold = false
  const elapsed = elapsedOf(clock)

  function lookIn(ms: number): void {
    const at = elapsed() + ms
    if (isClosed || !isStarted || at >= lookAt) return
    stopLook()
    lookAt = at
    stopLook = startTimer(clock, ms, look)
  }

  /** What has become due while the server is asked may be too late for its answer: then it is asked again. */
  function look(): void {
    lookAt = Infinity
    if (looking === undefined) looking = takeOnce()
    else isWantedAgain = true
  }

  async function takeOnce(): Promise<void> {
    const nextMs = await take().catch(() => AGAIN_MS)
    looking = undefined
    lookIn(isWantedAgain ? 0 : Math.min(Math.max(nextMs, 0), LOOK_MS))
    isWantedAgain = false
  }

  /** Guesses what the server's clock says; nothing when that was read too long ago. */
  function guessTime(): string {
    if (serverTime === undefined || elapsed() - serverTime.at > TIME_MS) serverTime = undefined
    return serverTime === undefined ? '' : String(Math.round(serverTime.now + elapsed() - serverTime.at))
  }

  /** Takes what is due; returns in how many milliseconds to look again. */
  async function take(): Promise<number> {
    const room = MAX_WORKING - working.size
    const args = [token, String(HOLD_MS), String(room), guessTime()]
    const answer = await sender.send(runScript(names, SCRIPTS.take, args))
    const [nextMs, now, ...members] = Array.isArray(answer) ? answer : []
    serverTime ??= { now: Number(now), at: elapsed() }
    for (const member of members) begin(String(member))
    return working.size < MAX_WORKING ? Number(nextMs) : LOOK_MS
  }

  function begin(member: string): void {
    const record = parseMember(member)
    if (record === undefined || working.has(member)) return
    const work = decide(record.kind, record.id)
      .then((answer) => settle(record.kind, record.id, answer))
      .finally(() => {
        working.delete(member)
        if (working.size === MAX_WORKING - 1) lookIn(0)
      })
    if (working.size === 0) renewLater()
    working.set(member, work)
  }

  async function decide(kind: RecordKind, id: string): Promise<DueAnswer> {
    try {
      const answer = await handlers.onDue(kind, id)
      isTold = false
      return answer
    } catch (error) {
      if (!isTold && !isClosed)
        logger.warn({ kind, id, error }, 'A due record could not be worked on; it is tried again')
      isTold = true
      return { keepMs: isClosed ? 0 : RETRY_MS }
    }
  }

  /** When the server cannot be told, the lease ends, and the record is due again. */
  async function settle(kind: RecordKind, id: string, answer: DueAnswer): Promise<void> {
    const how = 'keepMs' in answer ? ['keep', toTtl(answer.keepMs)] : ['remove', ...seenOf(answer.seen)]
    const args = [memberOf(kind, id), token, ...how]
    const sent = sender.send(runScript(names, SCRIPTS.settle, args))
    const isKept = await sent.then(
      () => true,
      () => false,
    )
    if (isKept) lookIn('keepMs' in answer ? answer.keepMs : answer.seen === undefined ? LOOK_MS : 0)
  }

  function renewLater(): void {
    stopRenew()
    stopRenew = startTimer(clock, RENEW_MS, () => {
      if (working.size === 0) return
      const args = [token, String(HOLD_MS), ...working.keys()]
      sender.send(runScript(names, SCRIPTS.renew, args)).catch(() => undefined)
      renewLater()
    })
  }

  return {
    start() {
      isStarted = true
      lookIn(0)
    },
    expect: lookIn,
    async close() {
      isClosed = true
      stopLook()
      await looking
      await isDoneWithin(clock, CLOSE_MS, Promise.all(working.values()))
      stopRenew()
      // Other processes need not wait until the lease has ended.
      const left = [...working.keys()].flatMap((member) => parseMember(member) ?? [])
      await Promise.all(left.map(({ kind, id }) => settle(kind, id, { keepMs: 0 })))
    },
  }
}

/** Writes down a time to live for a script, in milliseconds. */
export function toTtl(ms: number): string {
  return String(Math.min(Math.max(Math.ceil(ms), 0), Number.MAX_SAFE_INTEGER / 16))
}

function seenOf(seen: number | undefined): readonly string[] {
  return seen === undefined ? [] : [String(seen)]
}
