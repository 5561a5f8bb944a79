// Taken from the module, since tests replace the global ones by timers that stand still.
import { clearTimeout, setTimeout } from 'node:timers'
import { CallbackError } from '../base/errors'
import type { CallbackEvent, EventName, JobEvent } from '../base/events'
import type { Callbacks } from '../app/interface'

/** What the functions that wait need of `callbacks()`. */
export type Watched = Pick<Callbacks, 'on' | 'off' | 'stats'>

export interface UntilOptions {
  /** How long to wait, in milliseconds of real time; default 5000. */
  readonly within?: number | undefined
}

const WITHIN_MS = 5000
/** How often the counts are read again, since not all that changes them is told by an event. */
const AGAIN_MS = 5

/** After these a wait or a task may have begun or ended. */
const EVENTS = [
  'job',
  'task',
  'received',
  'settled',
  'failed',
  'parked',
  'expired',
  'started',
] as const satisfies readonly EventName[]

/**
 * Resolves when a callback is parked, since it came before anybody waits for its id. Without an id, a callback that is parked
 * already counts; with one, only those that come from now on. Rejects when none comes in time.
 */
export function untilParked(hooks: Watched, id?: string | number, options: UntilOptions = {}): Promise<void> {
  const wanted = id === undefined ? undefined : String(id)
  let isParked = false
  const note = (event: CallbackEvent): void => {
    isParked ||= wanted === undefined || event.id === wanted
  }
  hooks.on('parked', note)
  const isDone = (): boolean => isParked || (wanted === undefined && hooks.stats().parked > 0)
  const what = wanted === undefined ? 'No callback was parked' : `No callback for ${JSON.stringify(wanted)} was parked`
  return until(hooks, isDone, what, options).finally(() => hooks.off('parked', note))
}

/**
 * Resolves when somebody waits for a callback. With an id, a job that begins to wait for it from now on counts. Rejects when
 * nobody does in time.
 */
export function untilWaiting(hooks: Watched, id?: string | number, options: UntilOptions = {}): Promise<void> {
  const wanted = id === undefined ? undefined : String(id)
  let isWaiting = false
  const note = ({ status, ids = [] }: JobEvent): void => {
    isWaiting ||= status === 'waiting' && wanted !== undefined && ids.includes(wanted)
  }
  hooks.on('job', note)
  const isDone = (): boolean => isWaiting || (wanted === undefined && hooks.stats().waiting > 0)
  const what = wanted === undefined ? 'Nobody waits for a callback' : `No job waits for ${JSON.stringify(wanted)}`
  return until(hooks, isDone, what, options).finally(() => hooks.off('job', note))
}

/** Resolves when no wait is open and no task runs. Rejects when that takes too long. */
export function untilIdle(hooks: Watched, options: UntilOptions = {}): Promise<void> {
  const isIdle = (): boolean => hooks.stats().waiting === 0 && hooks.stats().tasks.running === 0
  return until(hooks, isIdle, 'Waits are open or tasks run', options)
}

async function until(
  hooks: Watched,
  isDone: () => boolean,
  what: string,
  { within = WITHIN_MS }: UntilOptions,
): Promise<void> {
  if (isDone()) return
  await new Promise<void>((resolve, reject) => {
    let again: NodeJS.Timeout | undefined
    const end = (): void => {
      clearTimeout(limit)
      clearTimeout(again)
      for (const name of EVENTS) hooks.off(name, look)
    }
    const limit = setTimeout(() => {
      end()
      reject(tooLate(hooks, what, within))
    }, within)
    function look(): void {
      clearTimeout(again)
      if (!isDone()) {
        again = setTimeout(look, AGAIN_MS)
        return
      }
      end()
      resolve()
    }
    for (const name of EVENTS) hooks.on(name, look)
    look()
  })
}

function tooLate(hooks: Watched, what: string, withinMs: number): CallbackError {
  const { waiting, parked, received, tasks } = hooks.stats()
  const counts = `${received} received, ${parked} parked, ${waiting} waiting, ${tasks.running} tasks running`
  return new CallbackError('ERR_WAIT_TIMEOUT', {
    message: `${what} within ${withinMs} ms of real time; now: ${counts}`,
  })
}
