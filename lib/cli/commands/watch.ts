import { CallbackError, reasonOf } from '../../base/errors'
import type { CallbackEvent, CallbackEventName, JobEvent, TaskEvent } from '../../base/events'
import type { Callbacks } from '../../app/interface'
import type { LogLevel } from '../../config/field/words'
import type { Logger } from '../../base/contracts'
import { quoteWord } from '../escape'
import { createFailures } from './failures'

/** What becomes of callbacks. `received` comes before each of them. */
const CALLBACK_EVENTS = [
  'settled',
  'failed',
  'pending',
  'parked',
  'duplicate',
  'unidentified',
  'rejected',
  'expired',
  'started',
] as const satisfies readonly CallbackEventName[]

type Shown = (typeof CALLBACK_EVENTS)[number]

/** What shows the work of one `callbacks()`. */
export interface Watch {
  /** The logger for the callbacks themselves, which keeps to itself what is shown as an event or at the start. */
  readonly logger: Logger
  /** Writes every callback, and what tasks and jobs do, as one line each. */
  follow(hooks: Callbacks): void
}

/** Gives what writes to `log`, and to `jobLog` what logger jobs say. */
export function createWatch(log: Logger, jobLog: Logger): Watch {
  const failures = createFailures()
  /** The tasks that callbacks started. */
  const started = new Set<string>()
  /** The endpoints of which the callbacks themselves have said that something came without an id. */
  const unidentified = new Set<string>()

  /** The failure of a task that nobody waits for, with its reason: nothing else need say so. */
  function reportFailure(task: string, details: object, message: string): void {
    failures.drop(task)
    log[started.delete(task) ? 'error' : 'warn'](details, message)
  }

  const pass =
    (level: LogLevel): Logger[LogLevel] =>
    (details, message) => {
      const task = 'task' in details && typeof details.task === 'string' ? details.task : undefined
      if (isShown(level, details)) return
      if (task !== undefined && 'job' in details) jobLog[level](details, message)
      else if (task !== undefined && level === 'error') reportFailure(task, details, message)
      else log[level](details, message)
    }

  function showCallback(name: Shown, event: CallbackEvent): void {
    if (name === 'unidentified' && !unidentified.has(event.endpoint)) {
      unidentified.add(event.endpoint)
      return
    }
    const details = describeCallback(name, event)
    log[name === 'rejected' ? 'warn' : 'info'](details, toLine(`${event.endpoint} ${name}`, details))
  }

  function showTask(event: TaskEvent): void {
    const { task, workflow, status } = event
    const details = describeTask(event)
    const write = (): void => log.info(details, toLine(`task of workflow ${quoteWord(workflow)} ${status}`, details))
    if (status === 'failed') {
      failures.hold(task, write)
      setImmediate(() => failures.release(task))
      return
    }
    failures.release(task)
    if (status !== 'running') started.delete(task)
    write()
  }

  function showJob(event: JobEvent): void {
    const { task, job, status } = event
    const details = describeJob(event)
    const write = (): void => log.info(details, toLine(`job ${quoteWord(job)} ${status}`, details))
    if (status === 'failed') return failures.hold(task, write)
    // Jobs beside one that failed are cancelled before their task has failed too.
    if (status !== 'cancelled') failures.release(task)
    write()
  }

  return {
    logger: { debug: pass('debug'), info: pass('info'), warn: pass('warn'), error: pass('error') },
    follow(hooks) {
      for (const name of CALLBACK_EVENTS) hooks.on(name, (event: CallbackEvent) => showCallback(name, event))
      hooks.on('started', ({ task }) => void started.add(task))
      hooks.on('task', showTask)
      hooks.on('job', showJob)
    },
  }
}

/** Whether an event, or a line at the start, says this too. */
function isShown(level: LogLevel, details: object): boolean {
  if (!('endpoint' in details) || (level !== 'info' && level !== 'warn')) return false
  return 'code' in details || level === 'info'
}

/** What is known: in the order of `toLine`, behind its first words; the rest is for logs in JSON. */
interface Details {
  readonly event: string
  readonly endpoint?: string | undefined
  readonly workflow?: string | undefined
  readonly job?: string | undefined
  readonly state?: string | undefined
  readonly id?: string | undefined
  readonly ids?: readonly string[] | undefined
  readonly status?: string | undefined
  readonly attempt?: number | undefined
  readonly task?: string | undefined
  readonly code?: string | undefined
  readonly reason?: string | undefined
}

function describeCallback(name: Shown, event: CallbackEvent): Details {
  const { id, endpoint, outcome } = event
  const task = 'task' in event && typeof event.task === 'string' ? event.task : undefined
  const error = event.error ?? (outcome && 'error' in outcome ? outcome.error : undefined)
  return { event: name, endpoint, id, status: outcome?.status, task, ...describeError(error) }
}

/** The reason stands with the job that failed. */
function describeTask({ task, workflow, status, error }: TaskEvent): Details {
  return { event: 'task', workflow, state: status, task, code: describeError(error).code }
}

function describeJob({ task, workflow, job, status, attempt, ids, error }: JobEvent): Details {
  const tried = attempt > 1 ? attempt : undefined
  return { event: 'job', workflow, job, state: status, attempt: tried, ids, task, ...describeError(error) }
}

function describeError(error: unknown): Pick<Details, 'code' | 'reason'> {
  if (error === undefined || error === null) return {}
  const code = error instanceof CallbackError ? error.code : 'ERR_INTERNAL'
  return { code, reason: reasonOf(error) }
}

function toLine(begin: string, { id, ids, status, attempt, task, code, reason }: Details): string {
  const words = { id, ids: ids?.join(','), status, attempt, task, code }
  const pairs = Object.entries(words).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${quoteWord(String(value))}`],
  )
  return [begin, ...pairs].join(' ') + (reason === undefined ? '' : `: ${reason}`)
}
