import type { Fields } from '../field/fields'
import { readTable } from '../field/read-table'
import { choice, field, SECRETS, type SpecOf, table, TEXTS } from '../field/shape'
import { AMOUNT, NAME_OR_FALSE, OFF, TEXT } from '../field/values'

const KEYS = {
  type: field('type', TEXT, 'The handshake (default: that of the scheme of verify)'),
  origins: field(
    'origin',
    TEXTS,
    'cloudevents: who may send, as in WebHook-Request-Origin; a list for several (default: anyone)',
  ),
  rate: field('rate', AMOUNT, 'cloudevents: how many events a minute are taken (default: any number)'),
  tokens: field('token', SECRETS, 'meta: the Verify Token of the App Dashboard; a list while it is replaced'),
}

/** The handshake of the sender. */
export const CHALLENGE = choice(
  [OFF, TEXT, table(KEYS)],
  'the name of a handshake, a mapping with type and token, or false',
)

/** `challenge` of an endpoint with more than its name. */
export interface ChallengeSpec extends Partial<SpecOf<typeof KEYS>> {
  readonly type: string | undefined
  /** What the sender must show, such as the Verify Token of Meta's App Dashboard; several while one is replaced. */
  readonly tokens: readonly string[]
}

/** Reads `challenge` of an endpoint: the handshake by name, or with its token; false turns handshakes off. */
export function readChallenge(endpoint: Fields): string | false | ChallengeSpec | undefined {
  const fields = endpoint.mapping('challenge')
  if (fields === undefined) return endpoint.read('challenge', NAME_OR_FALSE)
  const spec = readTable(KEYS, fields)
  return { ...spec, tokens: spec.tokens ?? [] }
}
