import { elapsedOf, startTimer } from '../../../lib/base/timers'
import type { Clock, DueAnswer, LedgerHandlers, Logger } from '../../../lib/base/contracts'
import { createHeld } from './held'
import type { Names } from './names'
import { SCRIPTS } from './scripts'
import type { Sender } from './link/sender'
import { runScript } from './link/wire'

/** The longest pause between two looks: another process that was to see what is due may be gone. */
const LOOK_MS = 2_000
/** How long the server's clock is guessed from ours. */
const TIME_MS = 60_000
/** Until the server is asked again after a question failed. */
const AGAIN_MS = 500

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

/** Creates what asks the server for due records: when the next one is due, and at least every two seconds. */
export function createDue({ sender, names, handlers, clock, logger }: DueOptions): Due {
  const elapsed = elapsedOf(clock)
  const held = createHeld({
    sender,
    names,
    handlers,
    clock,
    logger,
    isClosed: () => isClosed,
    onSettled,
    onRoom: () => lookIn(0),
  })
  const guessTime = createTimeGuess(elapsed)
  let looking: Promise<void> | undefined
  let stopLook = (): void => undefined
  /** When the server is asked next, by the clock's `elapsed`. */
  let lookAt = Infinity
  let isWantedAgain = false
  let isStarted = false
  let isClosed = false

  function lookIn(ms: number): void {
    const at = elapsed() + ms
    if (isClosed || !isStarted || at >= lookAt) return
    stopLook()
    lookAt = at
    stopLook = startTimer(clock, ms, look)
  }

  /** A record that becomes due while the server is asked may be too late for its answer: then it is asked again. */
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

  /** Takes what is due; returns in how many milliseconds to look again. */
  async function take(): Promise<number> {
    const args = [...held.lease, String(held.room), guessTime.read()]
    const answer = await sender.send(runScript(names, SCRIPTS.take, args))
    const [nextMs, now, ...members] = Array.isArray(answer) ? answer : []
    guessTime.learn(Number(now))
    for (const member of members) held.begin(String(member))
    return held.room > 0 ? Number(nextMs) : LOOK_MS
  }

  function onSettled(answer: DueAnswer): void {
    if ('keepMs' in answer) lookIn(answer.keepMs)
    else lookIn(answer.seen === undefined ? LOOK_MS : 0)
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
      await held.close()
    },
  }
}

/** Guesses what the server's clock says from the time that has passed since it was read. */
function createTimeGuess(elapsed: () => number): { read(): string; learn(now: number): void } {
  let known: { readonly now: number; readonly at: number } | undefined
  return {
    /** Returns the time in milliseconds, or nothing when the server's clock was read too long ago. */
    read() {
      if (known === undefined || elapsed() - known.at > TIME_MS) known = undefined
      return known === undefined ? '' : String(Math.round(known.now + elapsed() - known.at))
    },
    /** Notes what the server's clock says, unless a guess is still in use. */
    learn(now) {
      known ??= { now, at: elapsed() }
    },
  }
}
