import { setMaxListeners } from 'node:events'
import type { WorkflowSpec } from '../../config/normalize'
import { createRunContext, type RunOptions } from '../../store/run-context'
import { CallbackError, reasonOf } from '../../base/errors'
import { digitsAsText } from '../../template/bigints'
import type { Emitter } from '../../base/events'
import type { JobNews } from '../job'
import type { RunWorkflow } from '../runner'
import type { JobState, TaskState, TaskStatus } from './task'
import { limitTask } from './limits'

/** A task from its start to its end. */
export interface RunningTask {
  readonly id: string
  /** What is known of it now. */
  state(): TaskState
  /** The output of the workflow; a rejection that nobody awaits harms nobody. */
  readonly result: Promise<unknown>
  /** Frees its waits, aborts its requests, and rejects its result with the reason; resolves when all of it has ended. */
  cancel(reason: CallbackError): Promise<void>
}

export interface RunningTaskOptions extends Omit<RunOptions, 'signal' | 'abort'> {
  readonly id: string
  readonly workflow: Pick<WorkflowSpec, 'id'>
  readonly run: RunWorkflow
  readonly input: unknown
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Milliseconds; undefined without a limit. */
  readonly timeoutMs: number | undefined
  /** When its time is up, in milliseconds since the epoch. */
  readonly deadline: number | undefined
  readonly signal: AbortSignal | undefined
  readonly emitter: Emitter
}

/** How a task ended. */
type End = Pick<TaskState, 'status' | 'output' | 'error'>

/** Starts a task. */
export function startTask(options: RunningTaskOptions): RunningTask {
  const { id, workflow, run, input, emitter, clock, startedAt, timeoutMs, deadline, signal } = options
  const cancellation = new AbortController()
  setMaxListeners(0, cancellation.signal) // every request and wait of the task listens
  const jobs = new Map<string, JobState>()
  let end: (End & { readonly endedAt: number }) | undefined

  function tell(job: string, { error, ...news }: JobNews): void {
    jobs.set(job, { id: job, ...news, ...(error !== undefined && { error: describe(error) }) })
    emitter.emit('job', () => ({ task: id, workflow: workflow.id, job, ...news, error }))
  }

  function finish(ended: End, error?: unknown): void {
    end = { ...ended, endedAt: clock.now() }
    for (const [job, state] of jobs) {
      if (state.status === 'succeeded' || state.status === 'failed') continue
      tell(job, { status: 'cancelled', attempt: state.attempt })
    }
    emitter.emit('task', () => ({ task: id, workflow: workflow.id, status: ended.status, error }))
  }

  async function work(): Promise<unknown> {
    const lift = limitTask(id, cancellation, { timeoutMs, deadline, signal, clock })
    try {
      await Promise.resolve() // whoever starts the task holds it before anybody is told of it
      emitter.emit('task', () => ({ task: id, workflow: workflow.id, status: 'running' }))
      const abort = (reason: unknown): void => cancellation.abort(reason)
      const context = createRunContext(id, { ...options, signal: cancellation.signal, abort })
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
      workflow: workflow.id,
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
