import type { JobNews } from '../job'

/** How a task is doing. */
export type TaskStatus = 'running' | 'succeeded' | 'failed' | 'cancelled'

/** What is known of a task. */
export interface TaskState {
  readonly id: string
  readonly workflow: string
  readonly status: TaskStatus
  readonly input: unknown
  /** What the workflow gave, once it has succeeded. */
  readonly output?: unknown
  /** Why it did not succeed. */
  readonly error?: { readonly code: string; readonly message: string } | undefined
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly endedAt?: number | undefined
  /** Those that have begun, in the order in which they did. */
  readonly jobs: readonly JobState[]
}

export interface JobState extends Omit<JobNews, 'error'> {
  /** The id of the job; inside on_error its path, as `paint/on_error/again`. */
  readonly id: string
  readonly error?: { readonly code: string; readonly message: string } | undefined
}

/** A task that was started. */
export interface Task<T = unknown> {
  readonly id: string
  /** How it is doing now. */
  readonly status: TaskStatus
  /** The output of the workflow. Rejects with why the task failed, was cancelled, or ran out of time. */
  result(): Promise<T>
  /** Cancels it: its waits are freed, its requests aborted. Says whether it was still running. */
  cancel(): Promise<boolean>
}
