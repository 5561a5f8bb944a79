import type { GatewaySpec } from '../config/normalize'
import { isDoneWithin, untilAborted } from '../base/timers'
import type { GatewayStatus } from '../base/contracts'
import { reasonOf } from '../base/errors'
import { type Gateway, gatewaysClosed, notReady } from './gateway'
import { keepTunnel, type TunnelLifeOptions } from './tunnel-life'

/** How long `ready()` waits for the public URL. */
const READY_MS = 30_000

/** Why there is no public URL. */
const WITHOUT_URL: Readonly<Record<string, string>> = {
  idle: 'is not open yet; call open() first',
  starting: 'is still starting; wait for open()',
  restarting: 'connects again, and its new public URL is not known yet; wait for open()',
}

/**
 * Creates a gateway that keeps a tunnel open until it is closed. When it has given up, the next `open()` or `ready()`
 * starts it again. `onStart` is called at each start, with a signal that aborts at the end.
 */
export function createSupervisor(
  spec: GatewaySpec,
  options: TunnelLifeOptions,
  onStart: (signal: AbortSignal) => void,
): Gateway {
  const { port, driver } = spec
  const { status, logger, clock } = options
  const end = new AbortController()
  const { signal } = end
  let life: Promise<void> = Promise.resolve()
  let closing: Promise<void> | undefined

  function start(): void {
    status.change('starting')
    logger.info({ port, driver }, `[Gateway] Opening a tunnel to port ${port} by ${driver}`)
    onStart(signal)
    life = keepTunnel(spec, signal, options).catch((error: unknown) => {
      if (signal.aborted) return
      const wasOpen = status.get().state !== 'starting'
      status.change('failed', { error })
      // The first opening rejects for its caller; only the log tells of a later failure.
      if (wasOpen) logger.error({ err: error, port, driver }, reasonOf(error))
    })
  }

  function requireUrl({ state, publicUrl, error }: GatewayStatus): string {
    if (publicUrl !== undefined) return status.place()?.publicUrl ?? publicUrl
    if (state === 'failed') throw error
    throw notReady(spec, WITHOUT_URL[state] ?? 'has no public URL')
  }

  async function open(): Promise<void> {
    signal.throwIfAborted()
    if (['idle', 'failed'].includes(status.get().state)) start()
    let now = status.get()
    while (now.publicUrl === undefined && ['starting', 'restarting'].includes(now.state))
      now = await untilAborted(status.next(), signal)
    requireUrl(now)
  }

  async function shut(): Promise<void> {
    end.abort(gatewaysClosed())
    await life
    status.change('closed')
  }

  return {
    status: status.get,
    open,
    async ready() {
      if (await isDoneWithin(clock, READY_MS, open())) return
      const { error } = status.get()
      const why = error === undefined ? '' : ` (${reasonOf(error)})`
      throw notReady(spec, `has no public URL after ${READY_MS / 1000} s${why}; it goes on trying`, error)
    },
    publicUrl() {
      signal.throwIfAborted()
      return requireUrl(status.get())
    },
    close() {
      closing ??= shut()
      return closing
    },
  }
}
