import type { Clock, Ledger } from '../types'
import { toKept } from './codec'
import { digest } from './keys'

/** For how long a definition is kept after the last run that was started with it, less a day. */
const KEEP_MS = 400 * 24 * 60 * 60 * 1000
const DAY_MS = 24 * 60 * 60 * 1000

/** Gives what keeps a definition, once for all runs that are started with it, and gives its name. */
export function createDefinitions(ledger: Ledger, clock: Clock): (definition: unknown) => Promise<string> {
  const keptAt = new Map<string, number>()
  return async (definition) => {
    const data = toKept(definition ?? null)
    const id = `f${digest([data])}`
    const now = clock.now()
    if ((keptAt.get(id) ?? 0) + DAY_MS > now) return id
    if (!(await ledger.touch('mark', id, KEEP_MS))) await ledger.create('mark', id, { data, ttlMs: KEEP_MS })
    keptAt.set(id, now)
    return id
  }
}
