import type { Outcome } from '../../../base/contracts'
import type { EndReason, KeyState } from '../key-entries'
import type { Key } from '../keys/key'
import type { Keys } from '../keys/keys'
import type { LocalWait } from './local-waits'

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

/**
 * Writes that the time of a wait is up, which takes what came before. Returns its deadline where a callback has moved that, in
 * milliseconds since the epoch, else 0.
 */
export async function endLate(
  keys: Keys,
  held: Iterable<Key>,
  wait: LocalWait,
  known: ReadonlyMap<string, KeyState>,
): Promise<number> {
  const endOne = async (key: Key): Promise<number> => {
    await keys.unsettle(key)
    const ended = await keys.endWait(key, wait.id, 'late', known.get(key.id))
    const open = ended?.state.waits.get(wait.id)
    if (ended === undefined || open === undefined) return 0
    wait.take(open, key.id, ended.state)
    return open.many?.isLate === true ? 0 : open.until
  }
  return Math.max(...(await Promise.all([...held].map(endOne))))
}
