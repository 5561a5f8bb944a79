import type { JobEvent, TaskEvent } from '../base/events'
import { createHash } from 'node:crypto'
import type { WorkflowSpec } from '../config/normalize'
import { CallbackError, reasonOf } from '../base/errors'
import type { GatewayStatus, ListedWait } from '../base/contracts'
import { maskTickets } from '../base/secrets/ticket-id'
import type { JobState, TaskState } from '../workflow/tasks/task'

// What the controller shows: snake_case, every key there (null when it does not apply), times as ISO 8601.

/** A workflow as it is shown. */
export function viewWorkflow({ id, title, description, isDefault, jobs }: WorkflowSpec): object {
  return {
    workflow_id: id,
    title: title ?? null,
    description: description ?? null,
    default: isDefault,
    jobs: jobs.map((job) => ({ id: job.id, component: job.component ?? null })),
  }
}

/** A task as it is shown: without its input, which may hold secrets. */
export function viewTask({ id, workflow, status, output, error, startedAt, endedAt, jobs }: TaskState): object {
  return {
    task_id: id,
    workflow_id: workflow,
    status,
    output: output ?? null,
    error: error ? { code: error.code, message: error.message } : null,
    started_at: viewTime(startedAt),
    ended_at: endedAt === undefined ? null : viewTime(endedAt),
    jobs: jobs.map(viewJob),
  }
}

function viewJob({ id, status, attempt, ids, error, steps = [] }: JobState): object {
  return {
    id,
    status,
    attempt,
    waiting_for: status === 'waiting' ? (ids ?? []).map(maskTickets) : [],
    error: error ? { code: error.code, message: error.message } : null,
    steps: steps.map((step) => ({ status: step.status, at: viewTime(step.at) })),
  }
}

/** A wait as it is shown: tickets are cut short, since a ticket is enough to send its callback. */
export function viewWait({ ids, endpoints, deadline, since, isOutdated }: ListedWait): object {
  return {
    wait_id: handleOf({ ids, endpoints }),
    ids: ids.map(maskTickets),
    endpoints,
    since: since === undefined ? null : viewTime(since),
    expires_at: viewTime(deadline),
    outdated: isOutdated,
  }
}

/** What happened to a task, as it is shown. */
export function viewTaskEvent({ task, workflow, status, error }: TaskEvent, at: number): object {
  return {
    task_id: task,
    workflow_id: workflow,
    status,
    error: error ? viewError(error) : null,
    at: viewTime(at),
  }
}

/** What happened to a job, as it is shown. */
export function viewJobEvent({ task, workflow, job, status, attempt, ids, error }: JobEvent, at: number): object {
  return {
    task_id: task,
    workflow_id: workflow,
    job,
    status,
    attempt,
    waiting_for: (ids ?? []).map(maskTickets),
    error: error ? viewError(error) : null,
    at: viewTime(at),
  }
}

/** A gateway as it is shown. */
export function viewGateway(status: GatewayStatus): object {
  const { port, driver, state, publicUrl = null, publicAddress = null, previousUrl = null, error } = status
  return {
    port,
    driver,
    state,
    public_url: publicUrl,
    public_address: publicAddress,
    previous_url: previousUrl,
    error: error === undefined || error === null ? null : viewError(error),
  }
}

/** An error as it is shown: its code and message, never a stack. */
export function viewError(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof CallbackError) return { code: error.code, message: error.message }
  return { code: 'ERR_INTERNAL', message: reasonOf(error) }
}

/** The last moment that a `Date` can hold. */
const MAX_TIME_MS = 8.64e15

/** A time as it is shown. */
export function viewTime(ms: number): string {
  return new Date(Math.min(ms, MAX_TIME_MS)).toISOString()
}

/**
 * Names a wait whose ids are tickets, which are not shown: nobody can send a callback with it. Waits for the same ids on other
 * endpoints have other names.
 */
export function handleOf({ ids, endpoints }: Pick<ListedWait, 'ids' | 'endpoints'>): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([ids, endpoints]))
    .digest('base64url')
  return `wait-${digest.slice(0, 16)}`
}
