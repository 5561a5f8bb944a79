import type { Arrival, Judged, PendingArrival, Progress } from '../../base/contracts'
import { type OpenWaits, readBy } from '../open-waits'
import type { Wait } from '../scope'
import { eachFull } from './full'

/**
 * Delivers a callback to the waits for it, some of which may go on after it. Returns `filtered` when none of them has taken it.
 * Throws `ERR_EACH_FULL`, before any wait has it, when one has no room.
 */
export function give(waits: OpenWaits, found: readonly Wait[], { outcome, size }: Arrival): 'settled' | 'filtered' {
  if (found.every(({ waiter }) => waiter.reader === undefined)) {
    waits.endAll(found, outcome)
    return 'settled'
  }
  const { ends, taken } = readAll(waits, found, outcome, size())
  waits.endAll(
    ends.filter(({ state }) => state === 'open'),
    outcome,
  )
  return ends.length + taken.length > 0 ? 'settled' : 'filtered'
}

/** Delivers a pending callback to waits for many. Throws `ERR_EACH_FULL`, before any wait has it, when one has no room. */
export function givePending(
  waits: OpenWaits,
  found: readonly Wait[],
  progress: Progress,
  more: PendingArrival | undefined,
): void {
  readAll(waits, found, { ...progress, result: more?.result() }, more?.size() ?? 0)
}

/** Whether a wait is for many callbacks, pending ones too. */
export function isForMany({ waiter }: Wait): boolean {
  return waiter.reader?.idleMs !== undefined
}

function readAll(waits: OpenWaits, found: readonly Wait[], callback: Judged, bytes: number) {
  if (found.some(({ waiter }) => waiter.reader?.hasRoom(bytes) === false)) throw eachFull(callback)
  const read = found.map((wait) => [wait, readBy(wait, callback, bytes)] as const)
  const listOf = (what: string): readonly Wait[] => read.flatMap(([wait, one]) => (one === what ? [wait] : []))
  const taken = listOf('taken')
  for (const wait of taken) waits.prolong(wait, wait.waiter.reader?.idleMs ?? 0)
  return { ends: listOf('ends'), taken }
}
