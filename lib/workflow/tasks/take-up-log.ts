import type { Clock, Logger } from '../../base/contracts'
import { unref } from '../../base/timers'

/** How many ids a line names. */
const NAMED = 5
/** The shortest time between two lines, in milliseconds: a process that dies may leave a hundred thousand tasks. */
const LINE_EVERY_MS = 1_000

/** Tells the log which tasks were taken up, in at most one line a second. */
export interface TakeUpLog {
  /** Tells of tasks at once, or together with others when a second has passed since the last line. */
  add(ids: readonly string[]): void
  /** Tells of the tasks that are not told yet. */
  close(): void
}

/** Creates a log of tasks that were taken up. */
export function createTakeUpLog(clock: Clock, logger: Logger): TakeUpLog {
  let named: readonly string[] = []
  let count = 0
  let timer: unknown

  function tell(): void {
    const more = count > named.length ? ` and ${count - named.length} more` : ''
    const what = count === 1 ? 'a task' : `${count} tasks`
    logger.info({ tasks: named, count }, `Took up ${what} again that had not ended: ${named.join(', ')}${more}`)
    named = []
    count = 0
  }

  function tellAndRest(): void {
    timer = undefined
    if (count === 0) return
    tell()
    timer = clock.setTimeout(tellAndRest, LINE_EVERY_MS)
    unref(timer)
  }

  return {
    add(ids) {
      named = [...named, ...ids.slice(0, NAMED - named.length)]
      count += ids.length
      if (timer === undefined) tellAndRest()
    },
    close() {
      if (timer !== undefined) clock.clearTimeout(timer)
      if (count > 0) tell()
    },
  }
}
