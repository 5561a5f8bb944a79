import { request as createRequest } from 'node:http'
import { text as readAll } from 'node:stream/consumers'
import { CallbackError } from '../../../lib/base/errors'
import type { TunnelHealth, TunnelRequest } from '../../../lib/base/contracts'
import { parseMapping } from '../../../lib/base/values/json-mapping'
import { withinLimit } from '../../../lib/base/timers'
import type { CloudflaredOutput } from './output'

/** Asks a running cloudflared by its own metrics port. */
export interface CloudflaredMetrics {
  /** Rejects when the tunnel has another hostname than the URL. An old version, which cannot tell, is believed. */
  confirm(publicUrl: string, signal: AbortSignal): Promise<void>
  /** An old version, which cannot tell, is up as long as its output does not say that it is refused. */
  check(): Promise<TunnelHealth>
}

interface Answer {
  readonly status: number
  readonly text: string
}

/** How long an answer may take, from this very machine. */
const LIMIT_MS = 2000

/** Creates the client of the metrics, whose address the output of the same process has told. */
export function createCloudflaredMetrics(output: CloudflaredOutput, request: TunnelRequest): CloudflaredMetrics {
  const { clock, logger, port } = request

  async function ask(path: string, signal?: AbortSignal): Promise<Answer | undefined> {
    const address = output.metricsAddress
    if (address === undefined) return undefined
    const tooLate = (): Error => new Error('its metrics do not answer')
    try {
      return await withinLimit({ clock, signal, limitMs: LIMIT_MS, tooLate }, (over) => get(address, path, over))
    } catch {
      return undefined
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
      if (output.isRefused) return 'gone'
      const cannotTell = output.metricsAddress === undefined || answer?.status === 404
      return cannotTell ? 'up' : 'down'
    },
  }
}

/** Does not use `fetch`, which the app may have replaced or may send through a proxy. */
function get(address: string, path: string, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(`http://${address}`)
    const asking = createRequest({ host: '127.0.0.1', port, path, agent: false, signal })
    asking.on('error', reject)
    asking.once('response', (response) => {
      readAll(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject)
    })
    asking.end()
  })
}

function readHostname(text: string): string | undefined {
  const { hostname } = parseMapping(text) ?? {}
  return typeof hostname === 'string' && hostname !== '' ? hostname.toLowerCase() : undefined
}

function anotherName(publicUrl: string, hostname: string): CallbackError {
  const message = `cloudflared printed ${publicUrl}, but its tunnel has the name ${hostname}; it was ended`
  return new CallbackError('ERR_GATEWAY_EXITED', { message })
}
