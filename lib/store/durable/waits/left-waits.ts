import type { Outcome } from '../../../base/contracts'
import type { EndReason } from '../key-entries'
import type { Key } from '../keys/key'
import type { Keys } from '../keys/keys'

/** Returns why a wait with an outcome is over under a key: a callback with an id settles every id, and none of the queues. */
export function whyEnded(key: Key, outcome: Pick<Outcome, 'id' | 'endpoint'> | undefined): EndReason {
  const { id, endpoint } = outcome ?? {}
  const isSettled = id === undefined ? key.anonymous && key.endpoint.key === endpoint : !key.anonymous
  return isSettled ? 'settled' : 'cancelled'
}

/**
 * Ends a wait whose outcome is kept elsewhere, since the process that kept it died before it appended `end` (protocol, 4).
 * Does nothing under keys where the wait has ended.
 */
export async function endLeftWait(
  keys: Keys,
  wanted: readonly Key[],
  name: string,
  outcome: Outcome | undefined,
): Promise<void> {
  const endOne = async (key: Key): Promise<void> => {
    if ((await keys.read(key)).waits.has(name)) await keys.endWait(key, name, whyEnded(key, outcome))
  }
  await Promise.all(wanted.map(endOne))
}
