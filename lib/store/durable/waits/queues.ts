import { startTimer } from '../../../base/timers'
import type { Clock, Ledger } from '../../../base/contracts'
import type { GoneEntry, KeyState } from '../key-entries'
import { REMEMBER_MS } from '../../scope'
import type { Key } from '../keys/key'
import type { Keys } from '../keys/keys'
import { isAlive } from '../lease'
import type { Publish } from '../messages'
import type { LocalWaits } from './local-waits'

export interface QueuesOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  /** Whether other processes may have the ledger open too; if not, all other processes are dead. */
  readonly isShared: boolean
  /** The name of this process. */
  readonly self: string
  readonly keys: Keys
  readonly here: LocalWaits
  readonly publish: Publish
  /** Called when a queue is to be looked at again. */
  readonly onRecheck: (key: string) => void
}

/** The queues of endpoints without ids, in which the oldest wait gets the next callback. */
export interface Queues {
  /**
   * Takes the waits of dead processes out of a queue in which a process that lives waits, and returns what the log says
   * then. Under an id they stay: there a dead wait keeps no other wait back, and its callback is kept for the next one. But
   * the callbacks of a dead wait for many are for the one that lives, and so its waits go there too.
   */
  dropDead(key: Key, known: KeyState): Promise<KeyState>
  close(): void
}

/** How long a process is taken for alive after its lease was read, in milliseconds. */
const BELIEVED_MS = 2000
/** How often a queue is looked at in which waits of other processes stand, since these may die. */
const RECHECK_MS = 5000

/** Creates what keeps queues free of dead processes. */
export function createQueues(options: QueuesOptions): Queues {
  const { ledger, clock, isShared, self, keys, here, publish } = options
  const aliveUntil = new Map<string, number>()
  const rechecks = new Map<string, () => void>()
  let isClosed = false

  async function isDead(process: string): Promise<boolean> {
    if (process === self) return false
    if (!isShared) return true
    if ((aliveUntil.get(process) ?? 0) > clock.now()) return false
    if (await isAlive(ledger, process)) {
      aliveUntil.set(process, clock.now() + BELIEVED_MS)
      return false
    }
    aliveUntil.delete(process)
    return true
  }

  async function findDead(processes: readonly string[]): Promise<ReadonlySet<string>> {
    const dead = new Set<string>()
    for (const process of new Set(processes)) if (await isDead(process)) dead.add(process)
    return dead
  }

  function recheck(key: string): void {
    if (isClosed || rechecks.has(key) || !here.has(key)) return
    const stop = startTimer(clock, RECHECK_MS, () => {
      rechecks.delete(key)
      options.onRecheck(key)
    })
    rechecks.set(key, stop)
  }

  return {
    async dropDead(key, known) {
      let state = known
      if (!key.anonymous && ![...state.waits.values()].some(({ many }) => many)) return state
      const processes = [...state.waits.values()].map(({ by }) => by)
      const others = processes.flatMap((by) => (by === undefined || by === self ? [] : by))
      if (others.length === 0) return state
      const dead = await findDead(others)
      if (processes.every((by) => by !== undefined && dead.has(by))) return state
      for (const by of dead) {
        const entry: GoneEntry = { is: 'gone', by, at: clock.now() }
        ;({ state } = await keys.write(key, entry, { ttlMs: REMEMBER_MS, known: state }))
        await publish({ is: 'gone', by })
      }
      if (dead.size > 0) await here.tell(key.id, state)
      else if (isShared && key.anonymous) recheck(key.id)
      return state
    },
    close() {
      isClosed = true
      for (const stop of rechecks.values()) stop()
    },
  }
}
