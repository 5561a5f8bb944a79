import type { Clock, Logger, Tunnel } from '../types'
import { watchHealth } from './health'
import { closeTunnel } from './open-tunnel'

export interface LossOptions {
  readonly port: number
  readonly clock: Clock
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly onHealth: (health: 'up' | 'down') => void
}

/**
 * Waits until a tunnel has ended by itself or is found dead, and gives the reason; rejects with that of the signal when
 * it aborts. Either way the tunnel is closed then.
 */
export async function untilLost(tunnel: Tunnel, options: LossOptions): Promise<unknown> {
  const { port, clock, logger, signal, onHealth } = options
  let hasEnded = false
  let release = (): void => undefined
  try {
    return await new Promise((resolve, reject) => {
      const onEnd = (reason: unknown): void => {
        hasEnded = true
        resolve(reason ?? 'it ended by itself')
      }
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
    if (!hasEnded) await closeTunnel(tunnel, port, logger)
  }
}
