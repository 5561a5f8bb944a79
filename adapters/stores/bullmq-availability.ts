import { isDoneWithin, startTimer } from '../../lib/timers'
import type { Clock, Logger } from '../../lib/types'
import { createClosed, createUnavailable, describeUrl } from './bullmq-errors'
import { createSlots } from './bullmq-turns'

/** How long a command may take, in milliseconds, with waiting for a server that is away. */
const COMMAND_MS = 2_000
const PROBE_MS = 1_000
const PROBE_EVERY_MS = 500
/** How often the same trouble of a server that is there is told. */
const TROUBLE_EVERY_MS = 60_000
/** See `startLimit`. */
const GRACE_MS = 100

export interface AvailabilityOptions {
  readonly url: string
  readonly clock: Clock
  readonly logger: Logger
  /** How many commands the server is sent at once; the others wait, which is no sign of its being away. */
  readonly maxRunning: number
  /** Resolves when the server is there. */
  probe(): Promise<unknown>
  /** Called when the server is there again after it was away. */
  onBack(): void
}

export interface Running {
  /** When somebody began to wait for it, by the clock's `elapsed`. */
  readonly since: number
  /** Whether it is sent together with others, so that there are never many of the kind. */
  readonly isBatched: boolean
}

/** Knows whether the server is there, and keeps commands from waiting for it too long. */
export interface Availability {
  /**
   * Does the work, which is to send commands. Rejects with `ERR_STORE_UNAVAILABLE` when it does, when that takes longer
   * than two seconds, or when the server is away and was so for two seconds since somebody began to wait for it. Rejects
   * with `ERR_CLOSED` after `close`.
   */
  run<T>(work: (isLate: () => boolean) => Promise<T>, how: Running): Promise<T>
  /** Something went wrong: sees whether the server is still there. */
  suspect(cause: unknown): void
  /** Lets the work that runs come to its end. */
  close(): Promise<void>
}

/** Takes a server for there until something goes wrong. */
export function createAvailability({
  url,
  clock,
  logger,
  maxRunning,
  probe,
  onBack,
}: AvailabilityOptions): Availability {
  const running = new Set<Promise<unknown>>()
  const slots = createSlots(maxRunning)
  const stops = new Set<() => void>()
  let back: Promise<void> | undefined
  let isAway = false
  let isClosed = false
  let toldAt = -Infinity
  /** Why it is away. */
  let reason: unknown

  const elapsed = (): number => clock.elapsed?.() ?? clock.now()

  /** Rejects after a while. */
  async function within<T>(limitMs: number, answer: Promise<T>): Promise<T> {
    let stop = (): void => undefined
    const late = new Promise<never>((_resolve, reject) => {
      stop = startLimit(clock, limitMs, () => reject(isAway ? reason : new Error(`no answer within ${limitMs} ms`)))
    })
    try {
      return await Promise.race([answer, late])
    } finally {
      stop()
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = startTimer(clock, ms, done)
      function done(): void {
        stops.delete(done)
        stop()
        resolve()
      }
      stops.add(done)
    })
  }

  async function watch(cause: unknown): Promise<void> {
    reason = cause
    while (!isClosed) {
      try {
        await within(PROBE_MS, probe())
        break
      } catch (error) {
        reason = error
        if (!isAway) {
          isAway = true
          logger.warn({ error: createUnavailable(url, reason).message }, `The store ${describeUrl(url)} is away`)
        }
        await pause(PROBE_EVERY_MS)
      }
    }
    if (isClosed) return
    if (isAway) {
      isAway = false
      logger.info({}, `The store ${describeUrl(url)} is back`)
      onBack()
    } else tellTrouble(cause)
  }

  /** The server is there and complains all the same. */
  function tellTrouble(cause: unknown): void {
    if (elapsed() - toldAt < TROUBLE_EVERY_MS) return
    toldAt = elapsed()
    logger.warn({ error: createUnavailable(url, cause).message }, `The store ${describeUrl(url)} reports an error`)
  }

  function suspect(cause: unknown): void {
    if (isClosed) return
    back ??= watch(cause).finally(() => {
      back = undefined
    })
  }

  async function attempt<T>(work: (isLate: () => boolean) => Promise<T>, since: number): Promise<T> {
    const left = (): number => Math.max(since + COMMAND_MS - elapsed(), 0)
    try {
      if (isAway && back !== undefined && (left() === 0 || !(await isDoneWithin(clock, left(), back)))) throw reason
      if (isClosed) throw createClosed()
      const limitMs = back === undefined ? COMMAND_MS : Math.max(left(), PROBE_MS)
      const end = elapsed() + limitMs
      return await within(
        limitMs,
        work(() => isClosed || elapsed() > end),
      )
    } catch (error) {
      suspect(error)
      throw createUnavailable(url, error)
    }
  }

  return {
    run(work, { since, isBatched }) {
      if (isClosed) return Promise.reject(createClosed())
      const promise = isBatched ? attempt(work, since) : slots.take(() => attempt(work, since))
      running.add(promise)
      const forget = (): void => void running.delete(promise)
      promise.then(forget, forget)
      return promise
    },
    suspect,
    async close() {
      isClosed = true
      for (const stop of stops) stop()
      await Promise.allSettled(running)
    },
  }
}

/**
 * In two parts, since a process that was busy for long sees its timers before the answers that have come meanwhile:
 * between the two it sees the answers.
 */
function startLimit(clock: Clock, limitMs: number, callback: () => void): () => void {
  let stop = startTimer(clock, Math.max(limitMs - GRACE_MS, 0), () => {
    stop = startTimer(clock, GRACE_MS, callback)
  })
  return () => stop()
}
