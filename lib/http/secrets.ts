import { isMapping } from '../base/values/plain'
import { createMask, listSpellings, REDACTED } from '../base/secrets/mask'
import { isSecretName } from '../base/secrets/secret-names'
import { maskTickets } from '../base/secrets/ticket-id'
import type { HttpRequest } from './request/request'

/** Replaces the secrets of one request, wherever a service echoes them, by `[redacted]`, and cuts tickets short. */
export interface Redaction {
  text(text: string): string
  /** The texts, names and bytes in a value of any shape. */
  value(value: unknown): unknown
}

/** A query or a body may be made of input: of its values, only so many are redacted. */
const MAX_SECRETS = 500

/** What is sent of a request. */
type SentRequest = Pick<HttpRequest, 'method' | 'url' | 'headers' | 'body'>

/**
 * Collects the secrets of a request: those that are `known`, the values of its query, of headers that authenticate it,
 * of fields in its body that are named like secrets, and what they encode.
 */
export function createRedaction(request: SentRequest, known: readonly string[]): Redaction {
  const ofRequest = [...headerSecrets(request.headers), ...querySecrets(request.url), ...bodySecrets(request.body)]
  const secrets = listSpellings([...known, ...ofRequest.slice(0, MAX_SECRETS)])
  const mask = createMask(secrets)
  const redactText = (text: string): string => maskTickets(mask(text))

  function redactValue(value: unknown): unknown {
    if (typeof value === 'string') return redactText(value)
    if (Buffer.isBuffer(value)) return secrets.some((secret) => value.includes(secret)) ? REDACTED : value
    if (Array.isArray(value)) return value.map(redactValue)
    if (!isMapping(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [redactText(name), redactValue(item)]))
  }

  return { text: redactText, value: redactValue }
}

function querySecrets(url: URL): readonly string[] {
  const written = url.search.slice(1).split('&')
  return [...url.searchParams.values(), ...written.map((pair) => pair.slice(pair.indexOf('=') + 1))]
}

/** What headers authenticate with, as a whole and in its parts. */
export function headerSecrets(headers: HttpRequest['headers']): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (!isSecretName(name)) return []
    if (name === 'cookie') return [value, ...value.split(';').map((pair) => pair.slice(pair.indexOf('=') + 1).trim())]
    const credentials = value.replace(/^\S+\s+/, '')
    return /^basic\s/i.test(value) ? [value, credentials, ...basicSecrets(credentials)] : [value, credentials]
  })
}

/** User and password, together and each alone: some services take a key for the user. */
function basicSecrets(credentials: string): readonly string[] {
  const text = Buffer.from(credentials, 'base64').toString()
  const colon = text.indexOf(':')
  return colon === -1 ? [text] : [text, text.slice(0, colon), text.slice(colon + 1)]
}

function bodySecrets(value: unknown, depth = 0): readonly string[] {
  if (depth > MAX_DEPTH || typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  return Object.entries(value).flatMap(([name, item]: [string, unknown]) =>
    typeof item === 'string' ? (isSecretName(name) ? [item] : []) : bodySecrets(item, depth + 1),
  )
}

const MAX_DEPTH = 20
