import type { CallbackError } from '../../../lib/base/errors'
import { type Meanings, unavailableBy } from '../server-errors'

/** What the errors of a server mean, by the beginning of their code or message. */
const MEANINGS: Meanings = [
  ['WRONGPASS', 'user and password in the url are not right'],
  ['NOAUTH', 'it wants a password; write it into the url, as in redis://:password@host:6379'],
  ['NOPERM', 'the user lacks a permission; adapters/stores/README.md says what an ACL has to allow'],
  ['ERR DB index is out of range', 'that database does not exist; correct the number at the end of the url'],
  ['ERR invalid DB index', 'that database does not exist; correct the number at the end of the url'],
  [
    'Client network socket disconnected before secure TLS',
    'it speaks no TLS there; the url may have to begin with redis://',
  ],
  ['READONLY', 'it is a replica, which cannot be written; the url must name the primary'],
  ['MISCONF', 'it cannot write to its disk, and takes no writes until it can'],
  ['NOREPLICAS', 'it has fewer replicas than min-replicas-to-write asks for'],
  ['OOM', 'its memory is full; raise maxmemory'],
  ['LOADING', 'it is loading its data after a start'],
  ['MASTERDOWN', 'it is a replica whose primary is down'],
  ['CLUSTERDOWN', 'the cluster is down, or misses the node that has the keys'],
  ['TRYAGAIN', 'the cluster is moving the keys to another node'],
  ['ASK', 'the cluster is moving the keys to another node'],
  ['BUSY', 'a script of another client blocks it'],
]

/** Errors of a server that cannot be written, or not yet: then another connection is made. */
const MISPLACED = ['READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'MOVED']

/** Says whether the server answered with this error; any other error is one of the connection. */
export function isAnswer(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError'
}

/** The first word of the error of a script that found the store emptied. */
export const LOST = 'LOST'

/** Creates `ERR_STORE_UNAVAILABLE` for a server, with the cause and what to do. */
export function createUnavailable(place: string, cause: unknown): CallbackError {
  return unavailableBy(MEANINGS, place, cause)
}

/** Says whether another server should be asked. */
export function isMisplaced(error: unknown): boolean {
  return MISPLACED.some((beginning) => isError(error, beginning))
}

/** Says whether an error is of a kind, with which Redis begins the message. */
export function isError(error: unknown, kind: string): boolean {
  return error instanceof Error && error.message.startsWith(`${kind} `)
}
