import type { Clock, Tunnel } from '../base/contracts'
import { watchHealth } from './health'

export interface LossOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onHealth: (health: 'up' | 'down') => void
}

/** Waits until a tunnel has ended by itself or is found dead, and gives the reason; rejects with that of the signal. */
export async function untilLost(tunnel: Tunnel, { clock, signal, onHealth }: LossOptions): Promise<unknown> {
  let release = (): void => undefined
  try {
    return await new Promise((resolve, reject) => {
      const onEnd = (reason: unknown): void => resolve(reason ?? 'it ended by itself')
      const onAbort = (): void => reject(signal.reason)
      const stopWatching = watchHealth(tunnel, { clock, onChange: onHealth, onGone: resolve })
      Promise.resolve(tunnel.closed).then(onEnd, onEnd)
      signal.addEventListener('abort', onAbort)
      release = () => {
        stopWatching()
        signal.removeEventListener('abort', onAbort)
      }
      if (signal.aborted) onAbort()
    })
  } finally {
    release()
  }
}
