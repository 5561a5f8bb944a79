import type { GatewaySpec } from '../config/normalize'
import { CallbackError } from '../errors'
import type { Logger, Tunnel } from '../types'
import { type Gateway, gatewaysClosed, messageOf, notReady } from './gateway'
import type { LiveStatus } from './live-status'
import { closeTunnel, type OpenTunnel } from './open-tunnel'

interface Attempt {
  readonly abort: AbortController
  readonly done: Promise<void>
}

/** Gives a gateway whose public URL comes from a tunnel. A failure is not for ever: the next `ready()` tries again. */
export function createTunnelGateway(
  spec: GatewaySpec,
  status: LiveStatus,
  logger: Logger,
  openTunnel: (signal: AbortSignal) => Promise<OpenTunnel>,
): Gateway {
  const { port, driver } = spec
  let attempt: Attempt | undefined
  let current: Tunnel | undefined
  let closing: Promise<void> | undefined

  async function start(signal: AbortSignal): Promise<void> {
    try {
      const opened = await openTunnel(signal)
      if (signal.aborted) await closeTunnel(opened.tunnel, port, logger)
      else use(opened)
    } catch (error) {
      if (!signal.aborted) throw fail(cannotOpen(spec, error))
    } finally {
      attempt = undefined
    }
    if (signal.aborted) throw signal.reason
  }

  function use({ tunnel, publicUrl }: OpenTunnel): void {
    const onEnd = (reason: unknown): void => {
      if (current !== tunnel) return
      current = undefined
      const why = reason === undefined || reason === null ? '' : `: ${messageOf(reason)}`
      const error = fail(notReady(spec, `lost its tunnel${why}; it is opened again when it is needed next`, reason))
      logger.warn({ err: error, port, driver }, error.message)
    }
    current = tunnel
    status.change('ready', { publicUrl })
    Promise.resolve(tunnel.closed).then(onEnd, onEnd)
  }

  function fail(error: CallbackError): CallbackError {
    status.change('failed', { error })
    return error
  }

  async function shut(): Promise<void> {
    const [starting, open] = [attempt, current]
    current = undefined
    starting?.abort.abort(gatewaysClosed())
    await starting?.done.catch(() => undefined)
    if (open) await closeTunnel(open, port, logger)
    status.change('closed')
  }

  return {
    port,
    status: status.get,
    async ready() {
      if (closing) throw gatewaysClosed()
      if (current) return
      if (!attempt) {
        status.change('starting')
        const abort = new AbortController()
        attempt = { abort, done: start(abort.signal) }
      }
      await attempt.done
    },
    publicUrl() {
      if (closing) throw gatewaysClosed()
      const { state, publicUrl, error } = status.get()
      if (publicUrl !== undefined) return publicUrl
      if (error instanceof CallbackError) throw error
      throw notReady(
        spec,
        state === 'idle' ? 'is not open yet; call open() first' : 'is still starting; wait for open()',
      )
    },
    close() {
      closing ??= shut()
      return closing
    },
  }
}

function cannotOpen(spec: GatewaySpec, error: unknown): CallbackError {
  if (error instanceof CallbackError && error.code === 'ERR_GATEWAY_NOT_READY') return error
  return notReady(spec, `could not be opened by the driver "${spec.driver}": ${messageOf(error)}`, error)
}
