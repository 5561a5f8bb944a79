import { type CallbackError } from '../../../lib/base/errors'
import { parseMapping } from '../../../lib/base/values/json-mapping'
import { explainLine, refusedByEdge } from './failures'
import type { Finding } from '../program/follow-program'

/** Follows what one cloudflared writes, as text or as JSON. */
export interface CloudflaredOutput {
  /** Reads one whole line. Only the first failure is told. */
  read(line: string): Finding | undefined
  /** `host:port` of its own metrics, once it has told them. */
  readonly metricsAddress: string | undefined
  /** Whether Cloudflare has refused the tunnel since it was connected last. */
  readonly isRefused: boolean
}

/** Time and level, with which a line of text begins. */
const PREFIX = /^\d{4}-\d\d-\d\dT\S+ [A-Z]{3} /
/** The line of the box. Other lines name other addresses: of the terms of use, or of the API that was not reached. */
const BOXED_URL = /^\|\s+(https:\/\/[a-z\d.-]+)\s+\|$/i
const API_HOST = 'https://api.trycloudflare.com'
/** Before April 2023 it was `Connection <uuid> registered`. */
const REGISTERED = /^(?:Registered tunnel connection\b|Connection [\da-f-]{36} registered\b)/i
const METRICS = /^Starting metrics server on (\S+)\/metrics/
/** An answer may be a page of several lines; the last one ends with its status. */
const ANSWER = 'Error unmarshaling QuickTunnel response: '
const STATUS = /\bstatus_code="/
const REFUSED = /^Register tunnel error.*\bUnauthorized\b/
const STOPPING = /^Initiating graceful shutdown/

/** Creates a reader for the output of one process. That of a named tunnel never tells a URL. */
export function createCloudflaredOutput({ isNamed }: { readonly isNamed: boolean }): CloudflaredOutput {
  let metricsAddress: string | undefined
  let isRegistered = false
  let isRefused = false
  let isInAnswer = false
  /** Whether the process is ending: what it writes then tells how it ends, not why. */
  let isOver = false

  function fail(error: CallbackError): Finding {
    isOver = true
    return { kind: 'failed', error }
  }

  /** A named tunnel has several connections; when one of them is refused later on, the others may go on. */
  function refuse(text: string): Finding | undefined {
    isRefused = true
    return isNamed && isRegistered ? undefined : fail(refusedByEdge(text, isNamed))
  }

  /** Returns the last line of an answer as if the answer were that line. */
  function joinAnswer(text: string): string {
    const hasStatus = STATUS.test(text)
    const joined = isInAnswer && hasStatus ? ANSWER + text : text
    isInAnswer = !hasStatus && (isInAnswer || text.startsWith(ANSWER))
    return joined
  }

  return {
    read(line) {
      const text = joinAnswer(readText(line))
      metricsAddress = METRICS.exec(text)?.[1] ?? metricsAddress
      isOver ||= STOPPING.test(text)
      if (REGISTERED.test(text)) {
        isRegistered = true
        isRefused = false
        return { kind: 'ready' }
      }
      const publicUrl = BOXED_URL.exec(text)?.[1]
      if (publicUrl !== undefined && publicUrl !== API_HOST && !isNamed) return { kind: 'url', publicUrl }
      if (isOver) return undefined
      if (REFUSED.test(text)) return refuse(text)
      const error = explainLine(text)
      return error && fail(error)
    },
    get metricsAddress() {
      return metricsAddress
    },
    get isRefused() {
      return isRefused
    },
  }
}

/** Returns the text of a line in one form: `message key="value"`. */
function readText(line: string): string {
  if (!line.startsWith('{')) return line.replace(PREFIX, '').trim()
  const { message, level: _level, time: _time, ...rest } = parseMapping(line) ?? {}
  if (typeof message !== 'string') return line
  return [message, ...Object.entries(rest).map(([key, value]) => `${key}="${String(value)}"`)].join(' ')
}
