import type { Clock, Ledger } from '../../../base/contracts'
import { fromKept, toKept } from '../codec'
import { digest } from '../keys/key'

/** The definitions that runs are started with, each of which is kept once. */
export interface Definitions {
  /** Keeps a definition, and returns its name. */
  keep(definition: unknown): Promise<string>
  /** Returns the definition of a name; undefined when there is none any more. */
  find(name: string): Promise<unknown>
  /** Takes nothing for granted that was kept before, since the ledger may have lost it. */
  doubt(): void
}

/** For how long a definition is kept after the last run that was started with it, less a day. */
const KEEP_MS = 400 * 24 * 60 * 60 * 1000
const DAY_MS = 24 * 60 * 60 * 1000
/** How many definitions are remembered that were read: of many runs most have the same. */
const MAX_READ = 50

/** Creates the definitions of a ledger. */
export function createDefinitions(ledger: Ledger, clock: Clock): Definitions {
  const keptAt = new Map<string, number>()
  const read = new Map<string, unknown>()
  return {
    async keep(definition) {
      const data = toKept(definition ?? null)
      const name = `f${digest([data])}`
      const now = clock.now()
      if ((keptAt.get(name) ?? 0) + DAY_MS > now) return name
      if (!(await ledger.touch('mark', name, KEEP_MS))) await ledger.create('mark', name, { data, ttlMs: KEEP_MS })
      keptAt.set(name, now)
      return name
    },
    async find(name) {
      if (read.has(name)) return read.get(name)
      const kept = await ledger.read('mark', name)
      if (kept === undefined) return undefined
      if (read.size >= MAX_READ) read.clear()
      const definition = fromKept(kept.data)
      read.set(name, definition)
      return definition
    },
    doubt: () => keptAt.clear(),
  }
}
