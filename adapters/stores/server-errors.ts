import { CallbackError } from '../../lib/base/errors'

/** What errors mean, by the beginning of their code or message. */
export type Meanings = readonly (readonly [beginning: string, meaning: string])[]

/** What the errors of a connection mean, to any server. */
const OF_CONNECTIONS: Meanings = [
  ['ECONNREFUSED', 'nobody listens there; start the server, or correct the url'],
  ['ENOENT', 'there is no such socket; start the server, or correct the url'],
  ['ENOTFOUND', 'there is no such host; correct the url'],
  ['EAI_AGAIN', 'the name of the host could not be looked up'],
  ['ETIMEDOUT', 'it does not answer; is a firewall in between?'],
]

/** Returns the url without user, password and parameters, for messages. */
export function describeUrl(url: string): string {
  const [scheme = '', ...rest] = url.split('://')
  const place = rest.join('://').split('@').at(-1) ?? ''
  return `${scheme}://${place.split(/[?#]/)[0]}`
}

/** Returns `ERR_STORE_UNAVAILABLE` for what is wrong with a server, which says what to do. */
export function unavailableBy(meanings: Meanings, place: string, cause: unknown): CallbackError {
  if (cause instanceof CallbackError) return cause
  const text = describeCause(cause)
  const code = codeOf(cause)
  const known = [...OF_CONNECTIONS, ...meanings]
  const meaning = known.find(([beginning]) => code === beginning || text.startsWith(beginning))?.[1]
  const message = `The store ${place} is not available: ${meaning ? `${meaning} (${text})` : text}`
  return new CallbackError('ERR_STORE_UNAVAILABLE', { message, cause })
}

/** Returns the error that a closed store answers with. */
export function createClosed(): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: 'The store is closed' })
}

/** Returns the `code` of an error of Node or of a server, empty without one. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const { code, errors }: { code?: unknown; errors?: unknown } = error
  if (code !== undefined) return String(code)
  return Array.isArray(errors) ? codeOf(errors[0]) : ''
}

/** Node tells of a host with several addresses by an error without text that holds one for each. */
export function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  if (cause.message !== '') return cause.message
  return cause instanceof AggregateError ? cause.errors.map(describeCause).join(', ') : cause.name
}
