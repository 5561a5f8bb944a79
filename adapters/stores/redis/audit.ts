import { startTimer } from '../../../lib/base/timers'
import type { Clock } from '../../../lib/base/contracts'
import { countEvicted } from './check'
import type { RedisClient } from './link/library'
import type { Names } from './names'
import { SCRIPTS } from './scripts'
import type { Sender } from './link/sender'
import { ANSWER_MS, answerWithin, runScript } from './link/wire'

/** How often the server is asked whether it has evicted keys, in milliseconds. */
const ASK_EVERY_MS = 5_000

export interface AuditOptions {
  readonly sender: Sender
  readonly names: Names
  readonly clock: Clock
  client(): RedisClient | undefined
  /** Called with the number of records that the server has evicted since the last look. */
  onGone(count: number): void
}

/** Notices that a server whose memory is full evicts records. */
export interface Audit {
  start(): void
  close(): void
}

export function createAudit({ sender, names, clock, client, onGone }: AuditOptions): Audit {
  let stop = (): void => undefined
  let isClosed = false
  let evicted: number | undefined

  async function look(): Promise<void> {
    const server = client()
    const count = server && (await answerWithin(clock, ANSWER_MS, countEvicted(server)))
    const before = evicted
    evicted = count
    // A server that was started again counts from zero, and some servers do not tell.
    if (count === undefined || before === undefined || count <= before) return
    const gone = await countGone()
    if (gone > 0) onGone(gone)
  }

  /** Removes what is left of evicted records, and returns their number. Keys of other apps do not count. */
  async function countGone(): Promise<number> {
    let gone = 0
    for (let after = '='; after !== '' && !isClosed;) {
      const answer = await sender.send(runScript(names, SCRIPTS.audit, [after]))
      const [count, next] = Array.isArray(answer) ? answer : []
      gone += Number(count)
      after = String(next ?? '')
    }
    return gone
  }

  async function loop(): Promise<void> {
    await look().catch(() => undefined)
    if (!isClosed) stop = startTimer(clock, ASK_EVERY_MS, () => void loop())
  }

  return {
    start: () => void loop(),
    close() {
      isClosed = true
      stop()
    },
  }
}
