import { CallbackError } from '../../lib/errors'
import type { TunnelHealth, TunnelRequest } from '../../lib/types'
import type { CloudflaredOutput } from './cloudflared-output'

/** Asks a running cloudflared by its own metrics port. */
export interface CloudflaredMetrics {
  /** Rejects when the tunnel has another hostname than the URL. An old version, which cannot tell, is believed. */
  confirm(publicUrl: string, signal: AbortSignal): Promise<void>
  check(): Promise<TunnelHealth>
}

interface Answer {
  readonly status: number
  readonly text: string
}

/** How long an answer may take, from this very machine. */
const LIMIT_MS = 2000

/** Gives the questions; the address is the one that the output of the same process has told. */
export function createCloudflaredMetrics(output: CloudflaredOutput, request: TunnelRequest): CloudflaredMetrics {
  const { clock, logger, port } = request

  async function ask(path: string, signal?: AbortSignal): Promise<Answer | undefined> {
    const address = output.metricsAddress
    if (address === undefined) return undefined
    const limit = new AbortController()
    const timer = clock.setTimeout(() => limit.abort(), LIMIT_MS)
    try {
      const signals = signal === undefined ? [limit.signal] : [limit.signal, signal]
      const response = await fetch(`http://${address}${path}`, {
        headers: { connection: 'close' },
        redirect: 'manual',
        signal: AbortSignal.any(signals),
      })
      return { status: response.status, text: await response.text() }
    } catch {
      return undefined
    } finally {
      clock.clearTimeout(timer)
    }
  }

  return {
    async confirm(publicUrl, signal) {
      const answer = await ask('/quicktunnel', signal)
      const hostname = answer?.status === 200 ? readHostname(answer.text) : undefined
      if (hostname === undefined) {
        const found = answer === undefined ? 'its metrics do not answer' : `its metrics answer ${answer.status}`
        return logger.debug({ port, program: 'cloudflared' }, `[cloudflared] ${publicUrl} is not confirmed: ${found}`)
      }
      if (hostname !== new URL(publicUrl).hostname) throw anotherName(publicUrl, hostname)
    },
    async check() {
      const answer = await ask('/ready')
      if (answer?.status === 200) return 'up'
      return output.isRefused ? 'gone' : 'down'
    },
  }
}

function readHostname(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body !== 'object' || body === null || !('hostname' in body)) return undefined
    return typeof body.hostname === 'string' && body.hostname !== '' ? body.hostname.toLowerCase() : undefined
  } catch {
    return undefined
  }
}

function anotherName(publicUrl: string, hostname: string): CallbackError {
  const message = `cloudflared printed ${publicUrl}, but its tunnel has the name ${hostname}; it was ended`
  return new CallbackError('ERR_GATEWAY_EXITED', { message })
}
