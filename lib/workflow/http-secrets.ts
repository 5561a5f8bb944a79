import { isMapping } from '../config/plain'
import type { Environment } from '../config/source'
import { isSecretHeader } from '../listener/redact'
import type { HttpRequest } from './http-request'

/** Replaces the secrets of one request, wherever a service echoes them, by `[redacted]`. */
export interface Redaction {
  text(text: string): string
  /** The texts, names and bytes in a value of any shape. */
  value(value: unknown): unknown
}

const REDACTED = '[redacted]'
/** What is shorter stands in harmless texts too. */
const SHORTEST = 6

/** What names of variables end with whose values are secret. */
const SECRET_NAME = /(?:SECRET|TOKEN|KEY|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)$/i

/** The values of an environment that are secret, by the names of their variables. */
export function listSecrets(env: Environment): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) => (SECRET_NAME.test(name) ? [value] : []))
}

/**
 * Collects the secrets of a request: those that are `known`, the values of its query, of headers that authenticate it,
 * and what they encode.
 */
export function createRedaction(request: HttpRequest, known: readonly string[]): Redaction {
  const ofRequest = [...querySecrets(request.url), ...headerSecrets(request.headers)]
  const secrets = [...new Set([...known, ...ofRequest].flatMap(spellings))]
    .filter((secret) => secret.length >= SHORTEST)
    // The longest first: a secret may hold another.
    .sort((one, other) => other.length - one.length)
  const pattern = new RegExp(secrets.map(escapePattern).join('|'), 'g')

  const redactText = (text: string): string => (secrets.length === 0 ? text : text.replace(pattern, REDACTED))

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

function headerSecrets(headers: HttpRequest['headers']): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (!isSecretHeader(name)) return []
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

/** As it is, in a URL, in a form, and inside JSON. */
function spellings(secret: string): readonly string[] {
  const wellFormed = Buffer.from(secret).toString()
  const inForm = new URLSearchParams([['', secret]]).toString().slice(1)
  return [secret, encodeURIComponent(wellFormed), inForm, JSON.stringify(secret).slice(1, -1)]
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)
}
