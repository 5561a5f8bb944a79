import type { GatewaySpec } from '../config/normalize'
import type { CallbackError } from '../base/errors'
import type { Tunnel } from '../base/contracts'
import { elapsedOf } from '../base/timers'
import { type AttemptsOptions, createAttempts, isPermanent } from './attempts'
import { noTunnel, notReady } from './gateway'
import type { LiveStatus } from './live-status'
import { closeTunnel } from './open-tunnel'
import { untilLost } from './health'

export interface TunnelLifeOptions extends AttemptsOptions {
  readonly status: LiveStatus
}

/**
 * Keeps a tunnel open until the signal aborts, and rejects with its reason then. The first opening gives up after five
 * tries; a tunnel that was open once is opened again for ever, unless trying again cannot help. Rejects with why it gave up.
 */
export async function keepTunnel(spec: GatewaySpec, signal: AbortSignal, options: TunnelLifeOptions): Promise<never> {
  const { port, driver } = spec
  const { status, logger, clock } = options
  const elapsed = elapsedOf(clock)
  const attempts = createAttempts(spec, signal, options, (error, next) => {
    status.change(status.get().state, { place: status.place(), error })
    warn(error, next)
  })
  /** Counts the attempts, so that a URL from an earlier tunnel is ignored. */
  let current = 0

  function warn(error: CallbackError, next: string): void {
    logger.warn({ err: error, port, driver }, `${error.message}; ${next}`)
  }

  function onHealth(health: 'up' | 'down'): void {
    const place = status.place()
    if (health === 'up') return status.change('ready', { place })
    const error = notReady(spec, 'has a tunnel that is down; it may come back by itself')
    status.change('degraded', { place, error })
    logger.warn({ port, driver }, error.message)
  }

  function createOnPublicUrl(): (publicUrl: string) => void {
    current += 1
    const own = current
    return (publicUrl) => {
      const { state } = status.get()
      const isOpen = own === current && (state === 'ready' || state === 'degraded')
      if (isOpen && publicUrl !== status.lastUrl()) status.change(state, { place: { publicUrl } })
    }
  }

  async function live(tunnel: Tunnel): Promise<unknown> {
    try {
      return await untilLost(tunnel, { clock, signal, onHealth })
    } catch (reason) {
      await closeTunnel(tunnel, { port, logger, clock })
      throw reason
    }
  }

  for (let isFirst = true; ; isFirst = false) {
    const tell = () => ({ previousUrl: status.lastUrl(), onPublicUrl: createOnPublicUrl() })
    const { tunnel, place } = await attempts.open(tell, isFirst)
    const since = elapsed()
    status.change('ready', { place })
    const problem = noTunnel(spec, 'lost its tunnel', await live(tunnel))
    const next = attempts.countLoss(problem, elapsed() - since)
    // Nobody gets the URL while the rest of the tunnel is closed.
    status.change('restarting', { place: tunnel.isStable ? status.place() : undefined, error: problem })
    await closeTunnel(tunnel, { port, logger, clock })
    if (isPermanent(problem, false)) throw problem
    warn(problem, next)
  }
}
