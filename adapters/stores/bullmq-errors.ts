import { CallbackError } from '../../lib/errors'

/** What each refusal of a server means, by the beginning of its code or message. */
const MEANINGS: readonly (readonly [beginning: string, meaning: string])[] = [
  ['ECONNREFUSED', 'nobody listens there; start the server, or correct the url'],
  ['ENOENT', 'there is no such socket; start the server, or correct the url'],
  ['ENOTFOUND', 'there is no such host; correct the url'],
  ['EAI_AGAIN', 'the name of the host could not be looked up'],
  ['ETIMEDOUT', 'it does not answer; is a firewall in between?'],
  ['WRONGPASS', 'user and password in the url are not right'],
  ['NOAUTH', 'it wants a password; write it into the url, as in redis://:password@host:6379'],
  ['NOPERM', 'the user in the url has not got all rights that BullMQ needs'],
  ['28P01', 'user and password in the url are not right'],
  ['28000', 'it does not let that user in; see its pg_hba.conf'],
  ['3D000', 'that database does not exist; create it, or correct the url'],
  ['42501', 'the user in the url may not create the schema; let it, by GRANT CREATE ON DATABASE … TO …'],
  ['ERR DB index is out of range', 'that database does not exist; correct the number at the end of the url'],
  [
    'Client network socket disconnected before secure TLS',
    'it speaks no TLS there; the url may have to begin with redis://',
  ],
  ['The server does not support SSL', 'it speaks no TLS; leave sslmode out of the url, or turn ssl on in the server'],
  ['READONLY', 'it is a replica, which cannot be written; the url must name the primary'],
  ['MISCONF', 'it cannot write to its disk, and takes nothing until it can'],
  ['OOM', 'its memory is full; raise maxmemory'],
  ['53100', 'its disk is full'],
  ['53300', 'all of its connections are taken; raise max_connections'],
]

/** The url without user, password and parameters, for messages. */
export function describeUrl(url: string): string {
  const [scheme = '', ...rest] = url.split('://')
  const place = rest.join('://').split('@').at(-1) ?? ''
  return `${scheme}://${place.split(/[?#]/)[0]}`
}

/** What is wrong with a server, as an error that says what to do. */
export function createUnavailable(url: string, cause: unknown): CallbackError {
  if (cause instanceof CallbackError) return cause
  const text = describeCause(cause)
  const code = codeOf(cause)
  const meaning = MEANINGS.find(([beginning]) => code === beginning || text.startsWith(beginning))?.[1]
  const message = `The store ${describeUrl(url)} is not available: ${meaning ? `${meaning} (${text})` : text}`
  return new CallbackError('ERR_STORE_UNAVAILABLE', { message, cause })
}

/** What a closed store answers. */
export function createClosed(): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: 'The store is closed' })
}

/** The `code` of an error of Node, of a server or of BullMQ. */
export function codeOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, errors }: { code?: unknown; errors?: unknown } = error
  return code ?? (Array.isArray(errors) ? codeOf(errors[0]) : undefined)
}

/** Node tells of a host with several addresses by an error without text that holds one for each. */
function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  // How ioredis says of a command that it was on its way.
  if (cause.name === 'MaxRetriesPerRequestError') return 'The connection was closed'
  if (cause.message !== '') return cause.message
  return cause instanceof AggregateError ? cause.errors.map(describeCause).join(', ') : cause.name
}
