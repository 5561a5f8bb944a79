import type { ServerResponse } from 'node:http'
import { CallbackError } from '../../base/errors'
import { parseForm } from '../../body/form'
import { type ListenerRequest, splitUrl } from '../../body/request'

/**
 * The handshake of one endpoint, compiled: what a sender asks before it trusts a URL. Both looks throw
 * `ERR_UNVERIFIED` for a handshake that must not be answered; a request that is answered is no callback any more.
 */
export interface Challenge {
  /**
   * Only for handshakes by GET: whether a GET to the endpoint's path is a handshake. Any other GET is left to the next
   * handler of that path.
   */
  asksByGet?(request: ListenerRequest): boolean
  /** The same for a handshake by OPTIONS. */
  asksByOptions?(request: ListenerRequest): boolean
  /** Looks before the sender is verified; `raw` is the body, undefined if it was not read or the host app parsed it. */
  beforeVerify?(request: ListenerRequest, raw: Buffer | string | undefined): ChallengeAnswer | undefined
  /** Looks at the parsed body, once the sender is verified where the endpoint verifies. */
  afterVerify?(request: ListenerRequest, body: unknown): ChallengeAnswer | undefined | Promise<ChallengeAnswer>
}

/** The answer to a handshake; without a body where the provider wants none. */
export interface ChallengeAnswer {
  readonly status: number
  readonly type?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The longest text of a sender that is sent back, in characters. */
const MAX_LENGTH = 1024

/** An answer of nothing: 200. */
export const EMPTY_ANSWER: ChallengeAnswer = { status: 200 }

/**
 * Sends a text of the sender back, as plain text that no browser takes for markup. Undefined for what is no text, is
 * empty, or is longer than 1,024 characters.
 */
export function echo(text: unknown): ChallengeAnswer | undefined {
  if (typeof text !== 'string' || text === '' || text.length > MAX_LENGTH) return undefined
  return { status: 200, type: 'text/plain; charset=utf-8', body: text }
}

/** An answer of JSON: 200. */
export function jsonAnswer(body: object): ChallengeAnswer {
  return { status: 200, type: 'application/json', body: JSON.stringify(body) }
}

/** Writes the answer, unless the host app (a timeout of its own) has answered already. */
export function answerChallenge(response: ServerResponse, { status, type, body, headers = {} }: ChallengeAnswer): void {
  if (response.headersSent) return
  response.statusCode = status
  if (type !== undefined) response.setHeader('content-type', type)
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.setHeader('x-content-type-options', 'nosniff')
  response.end(body)
}

/** The refusal of a handshake; `reason` is for the log. */
export function refuseHandshake(reason: string): CallbackError {
  return new CallbackError('ERR_UNVERIFIED', { message: `The handshake was refused: ${reason}` })
}

/** The query of a request; a name that comes several times holds a list, which no handshake takes for a text. */
export function queryOf(request: ListenerRequest): Readonly<Record<string, unknown>> {
  return parseForm(splitUrl(request.url).query)
}
