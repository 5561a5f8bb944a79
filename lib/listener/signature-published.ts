import { CallbackError } from '../errors'
import type { Clock } from '../types'
import { decodeStrictly } from './signature-bytes'
import { createEd25519Key, type Key } from './signature-keys'
import { unverified } from './verify-errors'

/** The public keys that a sender publishes. */
export interface PublishedKeys {
  /**
   * Whether the keys fit; when they do not, they are fetched again, since the sender may have new ones. Throws
   * `ERR_UNVERIFIED` when they cannot be fetched and none are known.
   */
  readonly some: (isFitting: (keys: readonly Key[]) => boolean) => Promise<boolean>
}

/** https://docs.fal.ai/model-apis/model-endpoints/webhooks: a JWKS, to be kept for 24 hours at most. */
const URL_OF_KEYS = 'https://rest.fal.ai/.well-known/jwks.json'
const KEEP_MS = 86_400_000
/** How soon keys are asked for again when none of the known ones fits, so that forged requests cause no traffic. */
const REFETCH_MS = 60_000
/** How soon after an answer that could not be used, when no keys are known. */
const RETRY_MS = 5000
const DEADLINE_MS = 10_000
const MAX_BYTES = 65_536
const MAX_KEYS = 20

/** Gives the keys of fal: fetched when the first request needs them, once for all that come meanwhile. */
export function createPublishedKeys(world: {
  readonly clock: Clock
  readonly fetch: typeof globalThis.fetch
}): PublishedKeys {
  const { clock } = world
  let known: readonly Key[] = []
  let fetchedAt = -Infinity
  let triedAt = -Infinity
  let failure: unknown
  let fetching: Promise<readonly Key[]> | undefined

  function keysInTime(): readonly Key[] {
    return clock.now() - fetchedAt < KEEP_MS ? known : []
  }

  /** Gives what is known when it is too early to ask again. */
  function refetch(): Promise<readonly Key[]> {
    const pauseMs = keysInTime().length > 0 ? REFETCH_MS : RETRY_MS
    if (fetching === undefined && clock.now() - triedAt < pauseMs) return Promise.resolve(keysInTime())
    fetching ??= load()
    return fetching
  }

  async function load(): Promise<readonly Key[]> {
    triedAt = clock.now()
    try {
      known = await fetchKeys(world)
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
      if (after.length === 0) throw unverified('the published keys could not be fetched', failure)
      return after !== before && isFitting(after)
    },
  }
}

async function fetchKeys(world: {
  readonly clock: Clock
  readonly fetch: typeof globalThis.fetch
}): Promise<readonly Key[]> {
  const { clock, fetch } = world
  const abort = new AbortController()
  const timer = clock.setTimeout(() => abort.abort(new Error('it took longer than 10 s')), DEADLINE_MS)
  try {
    const answer = await fetch(URL_OF_KEYS, { redirect: 'error', signal: abort.signal })
    if (!answer.ok) throw new Error(`${URL_OF_KEYS} answered ${answer.status}`)
    return parseKeys(JSON.parse(await readText(answer)))
  } finally {
    clock.clearTimeout(timer)
  }
}

async function readText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    size += chunk.length
    if (size > MAX_BYTES) throw new Error(`${URL_OF_KEYS} answered more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** Reads the Ed25519 keys of a JWKS (RFC 8037); others are passed over. */
function parseKeys(jwks: unknown): readonly Key[] {
  const list: unknown = isMapping(jwks) ? jwks['keys'] : undefined
  const entries: readonly unknown[] = Array.isArray(list) ? list.slice(0, MAX_KEYS) : []
  const keys = entries.flatMap(parseKey)
  if (keys.length === 0) throw new CallbackError('ERR_HTTP_BODY', { message: `${URL_OF_KEYS} holds no Ed25519 key` })
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

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
