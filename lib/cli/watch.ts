import { CallbackError } from '../errors'
import type { CallbackEvent, CallbackEventName, JobEvent, TaskEvent } from '../events'
import type { Callbacks } from '../interface'
import type { Logger } from '../types'
import { quoteWord } from './escape'
import { reasonOf } from './reason'

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

/** Those that show that the config does not fit its senders. */
const WARNINGS: ReadonlySet<Shown> = new Set(['unidentified', 'rejected'])

/** Writes every callback, and what tasks and jobs do, as one line each. */
export function watchEvents(hooks: Callbacks, log: Logger): void {
  for (const name of CALLBACK_EVENTS) {
    const level = WARNINGS.has(name) ? 'warn' : 'info'
    hooks.on(name, (event: CallbackEvent) => {
      const details = describeCallback(name, event)
      log[level](details, toLine(`${event.endpoint} ${name}`, details))
    })
  }
  hooks.on('task', (event) => {
    const details = describeTask(event)
    log.info(details, toLine(`task of workflow ${quoteWord(event.workflow)} ${event.status}`, details))
  })
  hooks.on('job', (event) => {
    const details = describeJob(event)
    log.info(details, toLine(`job ${quoteWord(event.job)} ${event.status}`, details))
  })
}

/** A logger for the callbacks themselves, which keeps to itself what is shown as an event or at the start. */
export function withoutRepeats(log: Logger): Logger {
  const skip =
    (level: 'info' | 'warn'): Logger['info'] =>
    (details, message) => {
      const isRefusal = 'endpoint' in details && 'code' in details
      const isEndpoint = 'endpoint' in details && level === 'info'
      if (!isRefusal && !isEndpoint) log[level](details, message)
    }
  return { ...log, info: skip('info'), warn: skip('warn') }
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
