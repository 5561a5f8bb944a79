import { CallbackError } from '../../lib/errors'
import type { Clock, Tunnel, TunnelRequest } from '../../lib/types'
import { describeEnd, type Ended } from './child-process'
import { type FollowedProgram, followProgram, quoteLines, type ReadableProgram } from './follow-program'

export type { Finding } from './follow-program'

/** A program that opens a tunnel. */
export interface TunnelProgram extends ReadableProgram {
  readonly isStable?: boolean
  /** Confirms the URL; rejects when it is another's. The signal aborts when the answer is not wanted any more. */
  readonly confirm?: (publicUrl: string, signal: AbortSignal) => Promise<void>
  /** How long a new URL settles before it is given out. */
  readonly settleMs?: number
  /** Why it ended, where its last lines tell more than its exit code. */
  readonly explain?: (ended: Ended, lastLines: readonly string[]) => CallbackError | undefined
  readonly check?: Tunnel['check']
}

/** How long a program has to open a tunnel. cloudflared gives up a hanging request by itself after 15 s. */
const OPEN_MS = 60_000

/**
 * Runs a program until its output has told the public URL and that it is ready, and gives the tunnel, which ends with
 * the program. When that does not come to pass, nothing of the program is left.
 */
export async function openProgramTunnel(program: TunnelProgram, request: TunnelRequest): Promise<Tunnel> {
  const { clock, signal } = request
  signal.throwIfAborted()
  const running = followProgram(program, request)
  const closed = running.ended.then(
    (ended) => running.failure() ?? program.explain?.(ended, running.lastLines()) ?? exited(program, ended, running),
  )
  const breaker = createBreaker(signal, closed)
  try {
    const stopTimer = breaker.after(clock, OPEN_MS, () => tooLate(program, running))
    const publicUrl = await confirmUrl(program, running, breaker)
    stopTimer()
    await breaker.unless(settle(program, clock, breaker.signal))
    running.announce()
    return {
      publicUrl: running.publicUrl() ?? publicUrl,
      isStable: program.isStable,
      closed,
      ...(program.check && { check: program.check }),
      close: running.stop,
    }
  } catch (error) {
    await running.stop()
    throw error
  } finally {
    breaker.end()
  }
}

/** Gives the public URL once it is known, and confirmed to be the program's own. */
async function confirmUrl({ confirm }: TunnelProgram, running: FollowedProgram, breaker: Breaker): Promise<string> {
  await breaker.unless(running.open)
  for (;;) {
    const publicUrl = running.publicUrl() ?? ''
    if (confirm) await breaker.unless(confirm(publicUrl, breaker.signal))
    if (publicUrl === running.publicUrl()) return publicUrl
  }
}

async function settle({ settleMs = 0 }: TunnelProgram, clock: Clock, signal: AbortSignal): Promise<void> {
  if (settleMs === 0) return
  await new Promise<void>((resolve) => {
    const timer = clock.setTimeout(resolve, settleMs)
    signal.addEventListener('abort', () => clock.clearTimeout(timer), { once: true })
  })
}

/** What breaks off the opening of a tunnel: the request's own signal, the end of the program, or too much time. */
interface Breaker {
  /** Aborts when the opening is over, however it went. */
  readonly signal: AbortSignal
  /** Waits for something, unless it is broken off before. */
  unless<T>(work: Promise<T>): Promise<T>
  /** Breaks off after a time. Gives what takes that back. */
  after(clock: Clock, delayMs: number, reason: () => CallbackError): () => void
  /** Leaves nothing behind. */
  end(): void
}

function createBreaker(wanted: AbortSignal, closed: Promise<CallbackError>): Breaker {
  const over = new AbortController()
  const { signal } = over
  wanted.addEventListener('abort', () => over.abort(wanted.reason), { once: true, signal })
  void closed.then((error) => over.abort(error))
  const broken = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  broken.catch(() => undefined) // nobody may be waiting
  return {
    signal,
    unless: (work) => Promise.race([work, broken]),
    after(clock, delayMs, reason) {
      const timer = clock.setTimeout(() => over.abort(reason()), delayMs)
      const stopTimer = (): void => clock.clearTimeout(timer)
      signal.addEventListener('abort', stopTimer, { once: true })
      return stopTimer
    },
    end: () => over.abort(),
  }
}

function exited({ name }: TunnelProgram, ended: Ended, running: FollowedProgram): CallbackError {
  const message = `${name} ended ${describeEnd(ended)}; ${quoteLines(running.lastLines())}`
  return new CallbackError('ERR_GATEWAY_EXITED', { message })
}

function tooLate({ name }: TunnelProgram, running: FollowedProgram): CallbackError {
  const missing = running.publicUrl() === undefined ? 'told no public URL' : 'was not connected'
  const message = `${name} ${missing} within ${OPEN_MS / 1000} s; ${quoteLines(running.lastLines())}`
  return new CallbackError('ERR_GATEWAY_TIMEOUT', { message })
}
