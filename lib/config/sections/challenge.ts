import type { Fields } from '../field/fields'
import { AMOUNT, TEXT } from '../field/values'
import { NAME_OR_FALSE } from '../checks/workflow-name'

/** `challenge` of an endpoint with more than its name. */
export interface ChallengeSpec {
  /** The handshake by name; undefined leaves it to the scheme of `verify`. */
  readonly type: string | undefined
  /** What the sender must show, such as the Verify Token of Meta's App Dashboard; several while one is replaced. */
  readonly tokens: readonly string[]
  /** The origins that CloudEvents may come from; undefined for any. */
  readonly origins?: readonly string[] | undefined
  /** How many CloudEvents a minute are taken; undefined for any number. */
  readonly rate?: number | undefined
}

/** Reads `challenge` of an endpoint: the handshake by name, or with its token; false turns handshakes off. */
export function readChallenge(endpoint: Fields): string | false | ChallengeSpec | undefined {
  const fields = endpoint.mapping('challenge')
  if (fields === undefined) return endpoint.read('challenge', NAME_OR_FALSE)
  return {
    type: fields.read('type', TEXT),
    tokens: fields.readList('token', TEXT) ?? [],
    origins: fields.readList('origin', TEXT),
    rate: fields.read('rate', AMOUNT),
  }
}
