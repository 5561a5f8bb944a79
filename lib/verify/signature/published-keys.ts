import { CallbackError } from '../../base/errors'
import { fetchText, type SenderWorld } from '../fetch-text'
import { isMapping } from '../../base/values/plain'
import { decodeStrictly } from './bytes'
import { createEd25519Key, type Key } from './keys'
import { unavailable } from '../errors'

/** The public keys that a sender publishes. */
export interface PublishedKeys {
  /**
   * Whether the keys fit; when they do not, they are fetched again, since the sender may have new ones. Throws
   * `ERR_SENDER_UNAVAILABLE` when none fits, and newer ones cannot be fetched now.
   */
  readonly some: (isFitting: (keys: readonly Key[]) => boolean) => Promise<boolean>
}

/** fal wants its keys to be kept for 24 hours at most. */
const KEEP_MS = 86_400_000
/** The pause before keys are fetched again when no known key fits, so that forged requests cause no traffic. */
const REFETCH_MS = 60_000
/** The same pause when no keys are known. */
const RETRY_MS = 5000
const MAX_KEYS = 20

/** Creates the keys of a JWKS: fetched when the first request needs them, once for all requests that wait for them. */
export function createPublishedKeys(url: string, world: SenderWorld): PublishedKeys {
  const { clock } = world
  let known: readonly Key[] = []
  let fetchedAt = -Infinity
  let triedAt = -Infinity
  let failure: unknown
  let fetching: Promise<readonly Key[]> | undefined

  function keysInTime(): readonly Key[] {
    return clock.now() - fetchedAt < KEEP_MS ? known : []
  }

  /** Returns the known keys when it is too early to ask again. */
  function refetch(): Promise<readonly Key[]> {
    const pauseMs = keysInTime().length > 0 ? REFETCH_MS : RETRY_MS
    if (fetching === undefined && clock.now() - triedAt < pauseMs) return Promise.resolve(keysInTime())
    fetching ??= load()
    return fetching
  }

  async function load(): Promise<readonly Key[]> {
    triedAt = clock.now()
    try {
      known = parseKeys(JSON.parse(await fetchText(world, url)), url)
      fetchedAt = clock.now()
      failure = undefined
    } catch (error) {
      failure = error
    } finally {
      fetching = undefined
    }
    return keysInTime()
  }

  return {
    async some(isFitting) {
      const before = keysInTime()
      if (isFitting(before)) return true
      const after = await refetch()
      if (after !== before && isFitting(after)) return true
      if (failure !== undefined) throw unavailable('the published keys could not be fetched', failure)
      return false
    },
  }
}

/** Reads the Ed25519 keys of a JWKS (RFC 8037); others are passed over. */
function parseKeys(jwks: unknown, url: string): readonly Key[] {
  const list: unknown = isMapping(jwks) ? jwks['keys'] : undefined
  const entries: readonly unknown[] = Array.isArray(list) ? list.slice(0, MAX_KEYS) : []
  const keys = entries.flatMap(parseKey)
  if (keys.length === 0) throw new CallbackError('ERR_HTTP_BODY', { message: `${url} holds no Ed25519 key` })
  return keys
}

function parseKey(entry: unknown): readonly Key[] {
  if (!isMapping(entry) || typeof entry['x'] !== 'string') return []
  if ((entry['kty'] ?? 'OKP') !== 'OKP' || (entry['crv'] ?? 'Ed25519') !== 'Ed25519') return []
  const bytes = decodeStrictly(entry['x'], 'base64url')
  try {
    return bytes === undefined ? [] : [createEd25519Key(bytes)]
  } catch {
    return []
  }
}
