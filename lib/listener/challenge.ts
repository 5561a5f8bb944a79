import type { ServerResponse } from 'node:http'
import type { EndpointSpec } from '../config/normalize'
import { isJsonType } from './content'
import type { ListenerRequest } from './request-scope'

/** Gives the text that a handshake is answered with, or nothing when the request is none. */
export type ReadChallenge = (request: ListenerRequest, body: unknown) => string | undefined

const MAX_LENGTH = 1024
const SLACK_KEYS: ReadonlySet<string> = new Set(['type', 'challenge', 'token'])

/**
 * Compiles the handshake of an endpoint, undefined where there is none to answer. Slack's (`url_verification`, see
 * api.slack.com/events/url_verification) is answered where the config names it; and where it says nothing
 * and senders are not verified, if the body holds nothing else, so that no callback is taken for a handshake.
 */
export function compileChallenge({ method, challenge, verify }: EndpointSpec): ReadChallenge | undefined {
  const isNamed = challenge === 'slack'
  const isImplied = challenge === undefined && verify === undefined
  if (method !== 'POST' || !(isNamed || isImplied)) return undefined
  return (request, body) => {
    const text = readSlack(body, isNamed)
    return text !== undefined && isJsonType(request.headers['content-type']) ? text : undefined
  }
}

function readSlack(body: unknown, allowsMore: boolean): string | undefined {
  if (typeof body !== 'object' || body === null || !('type' in body) || body.type !== 'url_verification')
    return undefined
  const challenge = 'challenge' in body ? body.challenge : undefined
  if (typeof challenge !== 'string' || challenge === '' || challenge.length > MAX_LENGTH) return undefined
  return allowsMore || Object.keys(body).every((key) => SLACK_KEYS.has(key)) ? challenge : undefined
}

/** Answers a handshake: as plain text that no browser takes for anything else, since the sender chose it. */
export function answerChallenge(response: ServerResponse, challenge: string): void {
  if (response.headersSent) return
  response.statusCode = 200
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.setHeader('x-content-type-options', 'nosniff')
  response.end(challenge)
}
