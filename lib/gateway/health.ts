import { beforeDeadline, elapsedOf, onAbort, unref } from '../base/timers'
import type { Clock, Tunnel, TunnelHealth } from '../base/contracts'

const CHECK_MS = 10_000
/**
 * How long a tunnel may be down before another is opened in its place. cloudflared comes back by itself, with the same
 * URL, within 18 s of losing its edge.
 */
const DOWN_MS = 90_000

export interface LossOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onHealth: (health: 'up' | 'down') => void
}

/** Waits until a tunnel has ended by itself or is found dead, and returns the reason; rejects with that of the signal. */
export function untilLost(tunnel: Tunnel, { clock, signal, onHealth }: LossOptions): Promise<unknown> {
  const onEnd = (reason: unknown): unknown => reason ?? 'it ended by itself'
  return beforeDeadline(Promise.resolve(tunnel.closed).then(onEnd, onEnd), (resolve, reject) => {
    const stopWatching = watchHealth(tunnel, { clock, onChange: onHealth, onGone: resolve })
    const stopListening = onAbort(signal, reject)
    return () => {
      stopWatching()
      stopListening()
    }
  })
}

interface HealthOptions {
  readonly clock: Clock
  /** Called when a tunnel that was up is down, and when it is up again. */
  readonly onChange: (health: 'up' | 'down') => void
  /** Called once, when it will not come back, with the reason in words. */
  readonly onGone: (reason: string) => void
}

/** Asks a tunnel every ten seconds how it is doing, one question at a time. Returns a function that stops it. */
function watchHealth(tunnel: Tunnel, { clock, onChange, onGone }: HealthOptions): () => void {
  const { maxDownMs = DOWN_MS } = tunnel
  const elapsed = elapsedOf(clock)
  let downSince: number | undefined
  let isOver = false
  let timer: unknown
  let stopAsking = (): void => undefined

  function arm(): void {
    timer = clock.setTimeout(() => void ask(), CHECK_MS)
    unref(timer)
  }

  async function ask(): Promise<void> {
    const health = await beforeDeadline(answerOf(tunnel), (resolve) => {
      const limit = clock.setTimeout(() => resolve('down'), CHECK_MS)
      unref(limit)
      stopAsking = () => clock.clearTimeout(limit)
      return stopAsking
    })
    if (isOver) return
    judge(health)
    if (!isOver) arm()
  }

  function judge(health: TunnelHealth): void {
    const now = elapsed()
    if (health === 'gone') return end('it does not exist any more')
    if (health === 'up') {
      if (downSince !== undefined) onChange('up')
      downSince = undefined
      return
    }
    if (downSince === undefined) {
      downSince = now
      onChange('down')
    } else if (now - downSince >= maxDownMs) end(`it has been down for ${Math.round((now - downSince) / 1000)} s`)
  }

  function end(reason: string): void {
    isOver = true
    onGone(reason)
  }

  if (tunnel.check) arm()
  return () => {
    isOver = true
    stopAsking()
    clock.clearTimeout(timer)
  }
}

/** A tunnel that cannot say how it is doing is down. */
async function answerOf(tunnel: Tunnel): Promise<TunnelHealth> {
  try {
    return (await tunnel.check?.()) ?? 'up'
  } catch {
    return 'down'
  }
}
