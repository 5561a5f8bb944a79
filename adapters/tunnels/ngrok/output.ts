import { CallbackError } from '../../../lib/base/errors'
import { parseMapping } from '../../../lib/base/values/json-mapping'
import type { TunnelHealth } from '../../../lib/base/contracts'
import type { Finding, Findings } from '../program/follow-program'
import { maskAuthtoken, readNgrokError, readNgrokNumber } from './errors'

/** Reads the output of one run of an ngrok agent, and remembers its state and why it ended. */
export interface NgrokOutput {
  /** Reads one whole line. */
  read(line: string): Findings
  /** Why it ended, when it said so. */
  explain(): CallbackError | undefined
  /** `down` while it connects again, which it does by itself and under the same URL. */
  health(): TunnelHealth
}

/** What is read of a line of its log; the other fields differ between versions. */
interface Entry {
  readonly level: string
  readonly message: string
  readonly url: string
  readonly error: string
}

/** What it says of a session or a tunnel that it gives up. */
const ENDS = ['failed to auth', 'session closing', 'terminating with error', 'command failed']
const STARTED = 'started tunnel'
const CONNECTED = new Set(['client session established', STARTED])
const READY: Finding = { kind: 'ready' }
const RETRY = 'failed to reconnect session'
/**
 * After so many failures before the first session, the agent has tried all its ways to find the server (the name twice,
 * DNS over HTTPS, a list on the web). That takes about two seconds, and the agent would repeat it for ever.
 */
const RETRIES = 4
/** Newer agents mark the lines of their last error. */
const MARK = /^ERROR:\s*/
/** How many lines of a usage text or of a reason are kept. */
const MAX_LINES = 60

/** Creates a reader for one run of an agent that logs as JSON. No error quotes one of `secrets`. */
export function createNgrokOutput(secrets: readonly (string | undefined)[] = []): NgrokOutput {
  const said: string[] = []
  let lastError = ''
  let retries = 0
  let wasUp = false
  let isUp = false
  let isMarked = false

  function fail(text: string): Finding {
    return { kind: 'failed', error: readNgrokError(text, secrets) }
  }

  function readEntry({ level, message, url, error }: Entry): Findings {
    // Each line that says "ready" says that the tunnel is up.
    if (CONNECTED.has(message)) {
      wasUp = true
      isUp = true
      lastError = ''
    }
    if (message === STARTED && url.startsWith('https://')) return [{ kind: 'url', publicUrl: url }, READY]
    if (message === 'session closed, starting reconnect loop') isUp = false
    const isBad = ['eror', 'error', 'crit'].includes(level) && error !== ''
    if (!isBad || ![RETRY, ...ENDS].includes(message)) return undefined
    lastError = error
    if (message !== RETRY || readNgrokNumber(error) !== undefined) return fail(error)
    isUp = false
    retries += 1
    return !wasUp && retries >= RETRIES ? { kind: 'failed', error: noServer(maskAuthtoken(error, secrets)) } : undefined
  }

  /** The last error is plain text in every format of the log. It ends with its number. */
  function readText(line: string): Findings {
    const text = line.replace(MARK, '').trim()
    if (text === '' || isLogfmt(text)) return undefined
    // The lines before it are of something else, such as docker, which fetched the image.
    if (MARK.test(line) && !isMarked) said.length = 0
    isMarked = MARK.test(line)
    said.push(text)
    if (said.length > MAX_LINES) said.shift()
    return readNgrokNumber(text) === undefined ? undefined : fail(said.join(' '))
  }

  return {
    read(line) {
      const entry = parseEntry(line)
      if (entry === undefined) return readText(line)
      said.length = 0
      return readEntry(entry)
    },
    explain() {
      const wrongUse = said.find((text) => /^Incorrect Usage|unknown (?:shorthand )?flag/.test(text))
      const text = wrongUse ?? (said.join(' ') || lastError)
      return text === '' ? undefined : readNgrokError(text, secrets)
    },
    health: () => (isUp ? 'up' : 'down'),
  }
}

function parseEntry(line: string): Entry | undefined {
  const fields = line.startsWith('{') ? parseMapping(line) : undefined
  if (fields === undefined) return undefined
  const read = (key: string): string => {
    const text = fields[key]
    return typeof text === 'string' && text !== '<nil>' ? text : ''
  }
  return { level: read('lvl'), message: read('msg'), url: read('url'), error: read('err') }
}

function isLogfmt(text: string): boolean {
  return /^(?:t=\S+ )?lvl=\w+ msg=/.test(text)
}

function noServer(reason: string): CallbackError {
  const message = `ngrok reaches no server: ${reason}. Is the internet there, and does a firewall or proxy (http_proxy) let ngrok out?`
  return new CallbackError('ERR_GATEWAY_NETWORK', { message })
}
