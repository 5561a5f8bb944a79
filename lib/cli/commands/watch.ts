import { CallbackError, hasCode, reasonOf } from '../../base/errors'
import { adviceOn } from '../../base/advice'
import type { CallbackEvent, CallbackEventName, JobEvent, TaskEvent } from '../../base/events'
import type { Callbacks } from '../../app/interface'
import { nameOf } from '../../base/unnamed'
import type { LogLevel } from '../../config/field/words'
import type { Logger } from '../../base/contracts'
import { quoteWord } from '../log'

/** The results of callbacks. `received` comes before each of them. */
const CALLBACK_EVENTS = [
  'settled',
  'failed',
  'pending',
  'parked',
  'duplicate',
  'filtered',
  'unidentified',
  'rejected',
  'expired',
  'started',
] as const satisfies readonly CallbackEventName[]

type Shown = (typeof CALLBACK_EVENTS)[number]

/** Writes what one `callbacks()` does. */
export interface Watch {
  /** The logger for the callbacks. It leaves out messages that repeat an event or a line at the start. */
  readonly logger: Logger
  /** Writes one line for each callback, and for each change of a task or job. */
  follow(hooks: Callbacks): void
}

export interface WatchOptions {
  readonly log: Logger
  /** Takes the messages of logger jobs. */
  readonly jobLog: Logger
  /** Whether the store keeps runs: when the process closes, they are left for the next start, and not cancelled. */
  readonly isDurable: boolean
}

/** Creates the watch of one `callbacks()`. */
export function createWatch({ log, jobLog, isDurable }: WatchOptions): Watch {
  /** Cancelled jobs, by their task. They are written at the event of their task, which follows and has the reason. */
  const stopped = new Map<string, readonly JobEvent[]>()
  const failures = createFailures()
  /** The tasks that callbacks started. */
  const started = new Set<string>()
  /** The endpoints for which the callbacks have logged a callback without an id. */
  const unidentified = new Set<string>()

  /** Writes the failure of a task that nobody waits for, with its reason, in place of the lines that are held back. */
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

  function writeJob(event: JobEvent, state: string): void {
    const details = describeJob(event, state)
    log.info(details, toLine(`${nameOf('job', event.job, quoteWord)} ${inWords(state)}`, details))
  }

  function showTask(event: TaskEvent): void {
    const { task, workflow, status, error } = event
    const isLeft = isDurable && status === 'cancelled' && hasCode(error, 'ERR_CLOSED')
    const state = isLeft ? LEFT : status
    for (const job of stopped.get(task) ?? []) writeJob(job, isLeft ? LEFT : job.status)
    stopped.delete(task)
    const details = describeTask(event, state)
    const write = (): void =>
      log.info(details, toLine(`task of ${nameOf('workflow', workflow, quoteWord)} ${inWords(state)}`, details))
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
    const { task, status } = event
    if (status === 'failed') return failures.hold(task, () => writeJob(event, status))
    if (status === 'cancelled') return void stopped.set(task, [...(stopped.get(task) ?? []), event])
    failures.release(task)
    writeJob(event, status)
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

/** The state of a run that this process closes and its store keeps. */
const LEFT = 'left'

function inWords(state: string): string {
  return state === LEFT ? 'left, it goes on at the next start' : state
}

/** Whether an event, or a line at the start, repeats a message. */
function isShown(level: LogLevel, details: object): boolean {
  if (!('endpoint' in details) || (level !== 'info' && level !== 'warn')) return false
  return 'code' in details || level === 'info'
}

/** The details of a line. `toLine` writes some of them; logs in JSON hold all. */
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
  const details = { event: name, endpoint, id, status: outcome?.status, task }
  if (error === undefined || error === null) return { ...details, reason: reasonFor(name, event) }
  const { code, reason } = describeError(error)
  const advice = name === 'rejected' ? adviceOn(error) : undefined
  return { ...details, code, reason: advice === undefined ? reason : `${reason}; ${advice}` }
}

/** Says why a callback ended no wait, where no error says it. */
function reasonFor(name: Shown, { id, outcome }: CallbackEvent): string | undefined {
  if (name === 'unidentified') return '"identify_by" finds no id in it'
  if (name === 'parked') return id === undefined ? 'nothing waits yet' : 'nothing waits for its id yet'
  if (name === 'duplicate') return 'its id is settled already, or it came before'
  if (name === 'filtered') return id === undefined ? '"when" is false for it' : '"when" of the wait for its id is false'
  if (name === 'expired' && outcome) return 'nothing waited for it in time ("store.park")'
  if (name !== 'pending') return undefined
  return outcome?.status === undefined
    ? '"status" finds nothing in it, so that the wait goes on'
    : 'the status is in neither "success_when" nor "fail_when", so that the wait goes on'
}

/** Leaves out the reason, which the line of the failed job has. */
function describeTask({ task, workflow, error }: TaskEvent, state: string): Details {
  return { event: 'task', workflow, state, task, code: state === LEFT ? undefined : describeError(error).code }
}

function describeJob({ task, workflow, job, attempt, ids, error }: JobEvent, state: string): Details {
  const tried = attempt > 1 ? attempt : undefined
  return { event: 'job', workflow, job, state, attempt: tried, ids, task, ...describeError(error) }
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

type Write = () => void

/** Lines of failed tasks, held back because the next message may make them needless. */
interface Failures {
  hold(task: string, write: Write): void
  /** Writes what is held of a task. */
  release(task: string): void
  /** Forgets what is held of a task. */
  drop(task: string): void
}

function createFailures(): Failures {
  const held = new Map<string, readonly Write[]>()
  return {
    hold: (task, write) => void held.set(task, [...(held.get(task) ?? []), write]),
    release(task) {
      const writes = held.get(task) ?? []
      held.delete(task)
      for (const write of writes) write()
    },
    drop: (task) => void held.delete(task),
  }
}
