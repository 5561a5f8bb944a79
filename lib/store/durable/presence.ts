import type { Clock, Ledger } from '../../base/contracts'
import { isAlive } from './lease'

/** Which other processes live, of those whose waits stand in the store. */
export interface Presence {
  /** Of these processes, those that are dead. */
  findDead(names: Iterable<string>): Promise<readonly string[]>
}

/** How long it is believed that a process lives, in milliseconds. */
const BELIEVED_MS = 2000

/**
 * Creates what finds out whether processes live. Where only one process can have the store open, all others are dead.
 */
export function createPresence(ledger: Ledger, self: string, isShared: boolean, clock: Clock): Presence {
  const alive = new Map<string, number>()

  async function isDead(name: string): Promise<boolean> {
    if (name === self) return false
    if (!isShared) return true
    if ((alive.get(name) ?? 0) > clock.now()) return false
    if (await isAlive(ledger, name)) {
      alive.set(name, clock.now() + BELIEVED_MS)
      return false
    }
    alive.delete(name)
    return true
  }

  return {
    async findDead(names) {
      const found: string[] = []
      for (const name of new Set(names)) if (await isDead(name)) found.push(name)
      return found
    },
  }
}
