import { parseMapping } from '../../base/values/json-mapping'
import { escapeControls } from '../../base/secrets/escape'
import { excerptOf } from '../../template/excerpt'
import type { Answer } from './post'

/** A call that was answered. */
export interface Answered {
  readonly method: string
  readonly url: URL
  /** How long the answer took. */
  readonly ms: number
  readonly isForged: boolean
  /** What the app says became of it, where the app can be asked. */
  readonly outcome?: string | undefined
}

/** Whether a call was taken, or a forged one was refused. */
export function isAsExpected({ status }: Answer, isForged: boolean): boolean {
  return isForged ? status === 401 : isTaken(status)
}

function isTaken(status: number): boolean {
  return status >= 200 && status < 300
}

/** Returns the line that says what became of a call: its status, the code of a refusal, the time, what the app says of it, the beginning of the answer. */
export function describeAnswer({ method, url, ms, isForged, outcome }: Answered, answer: Answer): string {
  const { status, body } = answer
  const code = codeOf(body)
  const verdict = [verdictOf(status), code, `(${status})`].filter(Boolean).join(' ')
  const text = code === undefined ? excerptOf(body.toString()) : ''
  // The reason of the app is better than a guess.
  const advice = outcome === undefined || isForged ? adviseOn(status, isForged) : undefined
  const rest = [outcome, text && `answered ${text}`, advice].filter(Boolean).join('; ')
  const line = `${method} ${url.origin}${url.pathname}: ${verdict} in ${ms} ms`
  return escapeControls(rest === '' ? line : `${line}: ${rest}`)
}

function verdictOf(status: number): string {
  if (isTaken(status)) return 'taken'
  return status < 400 ? 'redirected' : 'refused'
}

function adviseOn(status: number, isForged: boolean): string | undefined {
  if (isForged) return isTaken(status) ? 'it was believed, although its signature is wrong' : undefined
  if (status === 401) return 'the listener may have another secret, clock or public URL; its log says why'
  if (status === 404) return 'nothing is served there; name the whole URL with --to when the app mounts it elsewhere'
  return undefined
}

/** The code that the package answers with, as in `{"error": "ERR_UNVERIFIED"}`. */
function codeOf(body: Buffer): string | undefined {
  const { error } = parseMapping(body.toString()) ?? {}
  return typeof error === 'string' && /^ERR_[A-Z_]+$/.test(error) ? error : undefined
}
