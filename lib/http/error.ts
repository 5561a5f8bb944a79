import { STATUS_CODES } from 'node:http'
import { inspect } from 'node:util'
import { CallbackError, type ImmediateAnswer } from '../base/errors'
import { parseContent } from '../body/content'
import { readContent } from './answer'
import { readHeaders } from './answer-headers'
import { describeRequest, type HttpRequest } from './request/request'
import { cut, excerptOf, onOneLine } from '../template/excerpt'
import { createRedaction, type Redaction } from './secrets'
import { explainFailure, findCode, isUnreached } from './network-reason'

const MAX_REFUSAL_BYTES = 65_536
/** Characters that an error keeps of a body that was not parsed. */
const MAX_BEGINNING = 2000
const SHOWN_DEPTH = 6

/** A request, and the secrets that no message about it may show besides its own. */
export interface Exchange {
  readonly request: HttpRequest
  readonly secrets: readonly string[]
  /** Advice for a URL that cannot be reached, if there is any. */
  readonly advise?: ((url: URL) => string | undefined) | undefined
}

/** Creates `ERR_HTTP_STATUS` with status and body, and reads what it needs of the answer. */
export async function statusError(exchange: Exchange, response: Response): Promise<CallbackError> {
  const redaction = createRedaction(exchange.request, exchange.secrets)
  const refusal = await readRefusal(response, redaction)
  const excerpt = excerptOf(refusal.shown)
  return new CallbackError('ERR_HTTP_STATUS', {
    message: redaction.text(describeAnswer(exchange.request, response)) + (excerpt === '' ? '' : `: ${excerpt}`),
    ...answerOf(response, refusal),
  })
}

/** A body as it was answered, and without secrets, as messages and logs may show it. */
interface RefusedBody {
  readonly answered: unknown
  readonly shown: unknown
}

/** Templates of `on_error` jobs read `response`, so its values are not redacted: an id in it may stand in the request too. */
function answerOf(
  response: Response,
  { answered, shown }: RefusedBody,
): { readonly answer: Pick<ImmediateAnswer, 'status' | 'body'>; readonly response: ImmediateAnswer } {
  const { status } = response
  return { answer: { status, body: shown }, response: { status, body: answered, headers: readHeaders(response) } }
}

/** Reads the body by its content type, or the beginning of its text under any other label; null when it cannot be read. */
async function readRefusal(response: Response, redaction: Redaction): Promise<RefusedBody> {
  const content = await readContent(response, MAX_REFUSAL_BYTES).catch(() => undefined)
  if (content === undefined) return { answered: null, shown: null }
  try {
    if (content.isWhole) {
      const answered = await parseContent(content.bytes, readHeaders(response)['content-type'])
      return { answered, shown: redaction.value(answered) }
    }
  } catch (error) {
    if (!(error instanceof CallbackError)) throw error
  }
  return beginningOf(content.bytes.toString(), redaction)
}

/** The shown text is redacted before it is cut: half a secret would not be found. */
function beginningOf(text: string, redaction: Redaction): RefusedBody {
  return { answered: cut(text, MAX_BEGINNING), shown: cut(redaction.text(text), MAX_BEGINNING) }
}

/** Creates `ERR_HTTP_BODY` for an answer of a good status whose body cannot be used. */
export function bodyError(
  exchange: Exchange,
  response: Response,
  problem: { readonly reason: string; readonly cause?: unknown; readonly bytes?: Buffer },
): CallbackError {
  const { reason, cause, bytes } = problem
  const redaction = createRedaction(exchange.request, exchange.secrets)
  const text = bytes?.toString()
  const hasSecret = text !== undefined && redaction.text(text) !== text
  return new CallbackError('ERR_HTTP_BODY', {
    message: redaction.text(`${describeAnswer(exchange.request, response)}, but ${reason}`),
    // Parsers quote what they could not read.
    cause: hasSecret ? undefined : cause,
    ...answerOf(response, text === undefined ? { answered: null, shown: null } : beginningOf(text, redaction)),
  })
}

/** Creates `ERR_HTTP_NETWORK` for what `fetch` or the reading of a body threw, with a plain reason. */
export function networkError(exchange: Exchange, cause: unknown): CallbackError {
  const code = findCode(cause)
  const timedOut = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT'
  const redaction = createRedaction(exchange.request, exchange.secrets)
  const advice = isUnreached(cause) ? exchange.advise?.(exchange.request.url) : undefined
  const reason = explainFailure(cause) + (advice === undefined ? '' : `. ${advice}`)
  const message = redaction.text(`${describeRequest(exchange.request)} failed: ${reason}`)
  return new CallbackError(timedOut ? 'ERR_HTTP_TIMEOUT' : 'ERR_HTTP_NETWORK', {
    message,
    cause: holdsSecret(cause, redaction) ? undefined : cause,
  })
}

/** An error of `fetch` may quote its URL, such as a location that repeats a key. */
function holdsSecret(cause: unknown, redaction: Redaction): boolean {
  const shown = inspect(cause, { depth: SHOWN_DEPTH, showHidden: true, breakLength: Number.POSITIVE_INFINITY })
  return redaction.text(shown) !== shown
}

/** Creates `ERR_HTTP_TIMEOUT`. */
export function timeoutError(exchange: Exchange, timeoutMs: number): CallbackError {
  const target = createRedaction(exchange.request, exchange.secrets).text(describeRequest(exchange.request))
  return new CallbackError('ERR_HTTP_TIMEOUT', { message: `${target} did not answer within ${timeoutMs} ms` })
}

function describeAnswer(request: HttpRequest, { status, statusText }: Response): string {
  const text = onOneLine(statusText) || (STATUS_CODES[status] ?? '')
  return `${describeRequest(request)} answered ${status} ${text}`.trimEnd()
}
