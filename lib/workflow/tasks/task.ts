import type { JobEvent } from '../../base/events'

/** How a task is doing. */
export type TaskStatus = 'running' | 'succeeded' | 'failed' | 'cancelled'

/** How many tasks there are of each status; those that ended, since the start. */
export type TaskCounts = Readonly<Record<TaskStatus, number>>

/** What is known of a task. */
export interface TaskState {
  readonly id: string
  readonly workflow: string
  readonly status: TaskStatus
  readonly input: unknown
  /** The output of the workflow, once it has succeeded. */
  readonly output?: unknown
  /** Why it did not succeed. */
  readonly error?: { readonly code: string; readonly message: string } | undefined
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly endedAt?: number | undefined
  /** The jobs that have begun, in the order in which they did. */
  readonly jobs: readonly JobState[]
}

export interface JobState {
  /** The id of the job; inside on_error its path, as `paint/on_error/again`. */
  readonly id: string
  readonly status: JobEvent['status']
  /** Counted from 1. */
  readonly attempt: number
  /** The ids that it waits for. */
  readonly ids?: readonly string[] | undefined
  readonly error?: { readonly code: string; readonly message: string } | undefined
  /** When it took on each status, the latest 20; missing in tasks that an earlier version stored. */
  readonly steps?: readonly JobStep[]
}

/** A job took on a status. */
export interface JobStep {
  readonly status: JobEvent['status']
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** A task that was started. */
export interface Task<T = unknown> {
  readonly id: string
  /** How it is doing now. */
  readonly status: TaskStatus
  /** The output of the workflow. Rejects with why the task failed, was cancelled, or ran out of time. */
  result(): Promise<T>
  /** Cancels it: its waits are freed, its requests aborted. Resolves to whether it was still running. */
  cancel(): Promise<boolean>
}

/** What starts a task. */
export interface TaskRequest {
  readonly input: unknown
  /** The workflow by its id; the default one when left out. */
  readonly workflow?: string | undefined
  /** Milliseconds. */
  readonly timeoutMs?: number | undefined
  /** Cancels the task. */
  readonly signal?: AbortSignal | undefined
  /** Whether a request starts it and nobody holds its result: there is a limit to these, and failures are logged. */
  readonly isUnattended?: boolean
  /** Whether a request starts it, which can be sent again: it is refused when there is no room for what it waits for. */
  readonly isRequested?: boolean
  /** The headers of the request that starts it, which may name a trace. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined
}
