import { setMaxListeners } from 'node:events'
import { CallbackError, reasonOf } from '../../base/errors'
import { digitsAsText } from '../../template/bigints'
import type { Clock } from '../../base/contracts'
import type { Emitter } from '../../base/events'
import type { RunContext } from '../../base/run'
import type { TraceContext } from '../../base/values/trace-context'
import type { RunTrace } from '../../tracing/run'
import type { JobNews } from '../attempt'
import type { RunWorkflow } from '../runner'
import type { JobState, TaskState, TaskStatus } from './task'
import { limitTask } from './limits'

/** A task from its start to its end. */
export interface RunningTask {
  readonly id: string
  /** What is known of it now. */
  state(): TaskState
  /** The output of the workflow. When nobody awaits it, its rejection is no unhandled one. */
  readonly result: Promise<unknown>
  /** Frees its waits, aborts its requests, and rejects its result with the reason; resolves when all of it has ended. */
  cancel(reason: CallbackError): Promise<void>
}

/** A task that is about to start. */
export interface TaskStart {
  readonly id: string
  /** The workflow by its id. */
  readonly workflow: string
  readonly run: RunWorkflow
  readonly input: unknown
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Milliseconds; undefined without a limit. */
  readonly timeoutMs: number | undefined
  /** When its time is up, in milliseconds since the epoch. */
  readonly deadline: number | undefined
  readonly signal: AbortSignal | undefined
  /** Lets go of the room for its first wait. */
  readonly letGo: () => void
  /** Whether its failure is logged, since nobody holds its result. */
  readonly isUnattended: boolean
  /** The span that starts it; undefined without tracing. */
  readonly trace: TaskTrace | undefined
}

/** The span that starts a task. */
export interface TaskTrace {
  readonly trace: TraceContext
  /** Ends the span, once the task is kept; undefined when another process has started the task. */
  readonly end: (() => void) | undefined
}

export interface RunningTaskContext {
  readonly clock: Clock
  readonly emitter: Emitter
  /** Records the task and its jobs; undefined without tracing. */
  readonly trace?: RunTrace | undefined
  /** Opens the run of the task: `abort` ends it in this process, since another one has taken it up. */
  readonly openRun: (signal: AbortSignal, abort: (reason: unknown) => void) => RunContext
}

/** How many steps of a job are known: one that retries has many. */
const MAX_STEPS = 20

/** How a task ended. */
type End = Pick<TaskState, 'status' | 'output' | 'error'>

/** Starts a task. */
export function startTask(start: TaskStart, { clock, emitter, trace, openRun }: RunningTaskContext): RunningTask {
  const { id, workflow, run, input, startedAt } = start
  const cancellation = new AbortController()
  setMaxListeners(0, cancellation.signal) // every request and wait of the task listens
  const jobs = new Map<string, JobState>()
  let end: (End & { readonly endedAt: number }) | undefined

  function tell(job: string, { error, ...news }: JobNews): void {
    const before = jobs.get(job)?.steps ?? []
    const steps = [...before.slice(1 - MAX_STEPS), { status: news.status, at: clock.now() }]
    jobs.set(job, { id: job, ...news, ...(error !== undefined && { error: describe(error) }), steps })
    trace?.noteJob(job, { ...news, error })
    emitter.emit('job', () => ({ task: id, workflow, job, ...news, error }))
  }

  function finish(ended: End, error?: unknown): void {
    end = { ...ended, endedAt: clock.now() }
    trace?.end(ended.status, error)
    for (const [job, state] of jobs) {
      if (state.status === 'succeeded' || state.status === 'failed') continue
      tell(job, { status: 'cancelled', attempt: state.attempt })
    }
    emitter.emit('task', () => ({ task: id, workflow, status: ended.status, error }))
  }

  async function work(): Promise<unknown> {
    const lift = limitTask(cancellation, start, clock)
    try {
      await Promise.resolve() // the caller has the task before its first event
      emitter.emit('task', () => ({ task: id, workflow, status: 'running' }))
      const context = openRun(cancellation.signal, (reason) => cancellation.abort(reason))
      const output = await run({ run: context, input, cancellation, tell })
      finish({ status: 'succeeded', output })
      return output
    } catch (error) {
      finish({ status: statusOf(error), error: describe(error) }, error)
      throw error
    } finally {
      lift()
    }
  }

  const result = work()
  const ended = result.then(
    () => undefined,
    () => undefined,
  )
  return {
    id,
    state: () => ({
      id,
      workflow,
      status: 'running',
      input: digitsAsText(input),
      startedAt,
      ...end,
      jobs: [...jobs.values()],
    }),
    result,
    cancel(reason) {
      cancellation.abort(reason)
      return ended
    },
  }
}

function statusOf(error: unknown): TaskStatus {
  const code = error instanceof CallbackError ? error.code : undefined
  return code === 'ERR_CANCELLED' || code === 'ERR_ABORTED' || code === 'ERR_CLOSED' ? 'cancelled' : 'failed'
}

function describe(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof CallbackError) return { code: error.code, message: error.message }
  return { code: 'ERR_INTERNAL', message: reasonOf(error) }
}
