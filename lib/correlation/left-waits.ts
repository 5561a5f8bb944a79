import type { Outcome } from '../types'
import type { EndReason } from './key-entries'
import type { Key, Keys } from './keys'

/** Why a wait that has its outcome is over under a key: a callback with an id settles every id, and none of the queues. */
export function whyEnded(key: Key, outcome: Pick<Outcome, 'id' | 'endpoint'> | undefined): EndReason {
  const { id, endpoint } = outcome ?? {}
  const isSettled = id === undefined ? key.anonymous && key.endpoint.key === endpoint : !key.anonymous
  return isSettled ? 'settled' : 'cancelled'
}

/**
 * Ends a wait whose outcome was made safe by a process that died before it said so in the logs; otherwise the next wait
 * for an id would get that outcome once more. Does nothing under keys where it has ended.
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
