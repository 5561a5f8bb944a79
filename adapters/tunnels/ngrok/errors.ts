import { CallbackError, type ErrorCode } from '../../../lib/base/errors'
import { createRedact } from '../program/child-process'

interface Kind {
  /** The numbers of ngrok's errors: https://ngrok.com/docs/errors/reference */
  readonly numbers: readonly number[]
  /** The words of an error without a number. */
  readonly words: RegExp
  readonly code: ErrorCode
  readonly advice: string
}

/** Where ngrok shows the token of an account. */
export const AUTHTOKEN_PAGE = 'https://dashboard.ngrok.com/get-started/your-authtoken'

/** Where the agent can be downloaded. */
export const AGENT_PAGE = 'https://ngrok.com/download'

const MAX_TEXT = 2000

/** The first that fits counts: a full account also says that authentication failed. */
const KINDS: readonly Kind[] = [
  {
    numbers: [108, 324, 18021],
    words: /simultaneous ngrok agent|more than \d+ (?:endpoints|tunnels)/i,
    code: 'ERR_GATEWAY_EXITED',
    advice: 'Stop another agent of this account (https://dashboard.ngrok.com/agents), or take a larger plan',
  },
  {
    numbers: [334],
    words: /already online/i,
    code: 'ERR_GATEWAY_EXITED',
    advice:
      'Its domain is in use by another agent, or was until a moment ago: stop that one, or give each gateway a "domain" of its own (a free account has one)',
  },
  {
    numbers: [120, 121, 122],
    words: /version .* is (?:no longer|not) supported|agent version .* too old/i,
    code: 'ERR_GATEWAY_PROGRAM',
    advice: `Update it: "ngrok update", or ${AGENT_PAGE}, or npm install @ngrok/ngrok@latest`,
  },
  {
    numbers: [717, 718, 725, 1214],
    words: /rate.?limit|too many (?:requests|connections|sessions)|\b429\b/i,
    code: 'ERR_GATEWAY_RATE_LIMITED',
    advice: 'The gateway waits before it tries again; the limits of the plan: https://dashboard.ngrok.com/usage',
  },
  {
    numbers: [103, 105, 106, 107, 109, 110, 115, 116, 4018],
    words: /failed to auth|authentication fail|requires a verified account|proper ngrok (?:tunnel )?authtoken/i,
    code: 'ERR_GATEWAY_AUTH',
    advice: `Take the authtoken from ${AUTHTOKEN_PAGE} and give it as "authtoken" or NGROK_AUTHTOKEN`,
  },
  {
    numbers: [313, 319, 320],
    words: /(?:domain|hostname) is reserved for another account|must reserve a custom hostname/i,
    code: 'ERR_GATEWAY_OPTIONS',
    advice: 'Reserve the "domain" for this account (https://dashboard.ngrok.com/domains), or leave it out',
  },
  {
    numbers: [],
    words: /unknown (?:shorthand )?flag|flag provided but not defined/i,
    code: 'ERR_GATEWAY_OPTIONS',
    advice: 'This agent does not know the option: update it ("ngrok update"), or leave "domain" out',
  },
  {
    numbers: [],
    words: /bind: |address already in use/i,
    code: 'ERR_GATEWAY_EXITED',
    advice:
      'The address of its web service is taken: give it another as "web_addr" in the configuration of the agent, or take the line out there',
  },
  {
    numbers: [],
    words:
      /dial tcp|lookup |failed to establish|transport error|no records|timeout|timed out|unreachable|refused|reset|\bdns\b|tls|x509|certificate|EOF/i,
    code: 'ERR_GATEWAY_NETWORK',
    advice: 'Is the internet there, and does a firewall or proxy (http_proxy) let ngrok out?',
  },
]

/**
 * Creates an error from what ngrok said, by its ERR_NGROK number or, without one, by its words. An unknown text becomes
 * `ERR_GATEWAY_EXITED`. The message holds no authtoken that ngrok repeats, and none of `secrets`.
 */
export function readNgrokError(text: string, secrets: readonly (string | undefined)[] = []): CallbackError {
  // ngrok may quote long answers of others.
  const masked = maskAuthtoken(text, secrets).slice(0, MAX_TEXT)
  const number = readNgrokNumber(masked)
  const kind = KINDS.find(({ numbers }) => number !== undefined && numbers.includes(number))
  // An error with a number is an answer of ngrok, so the network works.
  const isWrong = ({ code }: Kind): boolean => number !== undefined && code === 'ERR_GATEWAY_NETWORK'
  const known = kind ?? KINDS.find((one) => one.words.test(masked) && !isWrong(one))
  const said = masked
    .replaceAll(/\bERR_NGROK_\d+\b/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replace(/(?<![\s.])[\s.]+$/, '')
    .trim()
  const reason = number === undefined ? said : `${said} (ERR_NGROK_${number})`
  const message = `ngrok says: ${reason.trim()}${known ? `. ${known.advice}` : ''}`
  return new CallbackError(known?.code ?? 'ERR_GATEWAY_EXITED', { message })
}

/** Returns the number of an error of ngrok: 105 for `ERR_NGROK_105`. */
export function readNgrokNumber(text: string): number | undefined {
  const found = /\bERR_NGROK_(\d+)/.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}

/**
 * Masks the authtoken that ngrok repeats when it refuses it, also one that only the configuration of the
 * agent holds.
 */
export function maskAuthtoken(text: string, secrets: readonly (string | undefined)[] = []): string {
  return createRedact(secrets)(text).replaceAll(/(your authtoken:\s*)[^\s\\"]+/gi, '$1***')
}

/**
 * Returns the text of an error of the package `@ngrok/ngrok`, with its number, which only `errorCode` may hold.
 */
export function readThrown(error: unknown): string {
  const { message, errorCode }: { message?: unknown; errorCode?: unknown } =
    typeof error === 'object' && error !== null ? error : {}
  if (typeof message !== 'string') return String(error)
  const text = message.replaceAll(/\berror_code:\s*/g, '')
  return typeof errorCode !== 'string' || text.includes(errorCode) ? text : `${text} ${errorCode}`
}
