import type { Environment } from '../config/read/source'
import type { Endpoint } from '../listener/endpoint'
import type { RunContext } from '../base/run'
import type { Clock } from '../base/contracts'

/** What `${context…}` reads; the names are those of the config. */
export interface CallContext {
  /** One id for each attempt of a job. */
  readonly run_id: string
  /** One id for each run of a workflow. */
  readonly task_id: string
  /** When the attempt began, as ISO 8601. */
  readonly timestamp: string
  readonly workflow_id: string
  readonly job_id: string
  /** Counted from 1. */
  readonly attempt: number
}

/** What `${jobs.ID.output}` reads. */
export type JobOutputs = Record<string, { readonly output: unknown }>

/** Creates an empty mapping of outputs, in which any id may be a key. */
export function createJobOutputs(): JobOutputs {
  return Object.create(null)
}

/** What the templates of jobs and components read, besides what a component adds of its own. */
export interface CallScope {
  readonly input: unknown
  readonly env: Environment
  readonly gateway: object
  readonly context: CallContext
  readonly jobs: Readonly<JobOutputs>
  /** The output of the job above. */
  readonly output: unknown
  /** Why the job failed that an on_error job stands in for. */
  readonly error: unknown
}

/** What `${callback.id}` and `${callback.url}` read in one attempt. */
export interface CallTicket {
  readonly id: string
  readonly url: string
}

/** What the templates of a component read. */
export interface ComponentScope extends CallScope {
  readonly callback: CallTicket
}

/** What the templates of a component read once the immediate answer is there. */
export interface AnsweredScope extends ComponentScope {
  /** The body of the answer. */
  readonly response: unknown
  /** Names in lower case; null without an answer. */
  readonly header: Readonly<Record<string, string>> | null
  readonly status_code: number | null
}

/** One attempt of a job, as its component sees it. */
export interface Call {
  readonly run: RunContext
  /** What the names of its steps begin with: `job#attempt`. */
  readonly name: string
  /** The path of the job, as `paint/on_error/again`: the same for all attempts. */
  readonly path: string
  readonly scope: CallScope
  /** The id in the ticket of this attempt, for a template that asks for one. */
  readonly ticketId: string
  readonly signal: AbortSignal
  readonly clock: Clock
  /** When the attempt must be done, in milliseconds since the epoch; undefined without a limit. */
  readonly deadline: number | undefined
  /** Told when the attempt waits for a callback, with the ids that are known then. */
  readonly onWaiting: (ids: readonly string[]) => void
  /** Told which branch has ended the attempt, where it waits for any of several. */
  readonly onBranch: (branch: EndingBranch) => void
}

/** What `${branch…}` reads: the branch of `any` whose callback came first. */
export interface EndingBranch {
  /** Counted from 0, in the order of the config. */
  readonly index: number
  readonly name: string | null
  /** The id in the callback; null for one without. */
  readonly id: string | null
  /** The endpoint, as `POST /webhooks/done`. */
  readonly endpoint: string
}

/** Does the work of a component and resolves to its output. */
export type Execute = (call: Call) => Promise<unknown>

/**
 * Returns when a wait ends at the latest, in milliseconds since the epoch: at the limit of its attempt or at its own,
 * else after the longest timeout of its endpoints.
 */
export function deadlineOf(
  { clock, deadline }: Pick<Call, 'clock' | 'deadline'>,
  timeoutMs: number | undefined,
  endpoints: readonly Endpoint[],
): number {
  const now = clock.now()
  const limit = earliest(deadline, timeoutMs === undefined ? undefined : now + timeoutMs)
  return Number.isFinite(limit) ? limit : now + Math.max(...endpoints.map(({ spec }) => spec.timeoutMs))
}

/** Returns the earliest of some limits, in milliseconds since the epoch; infinite without any. */
export function earliest(...deadlines: readonly (number | undefined)[]): number {
  return Math.min(...deadlines.map((deadline) => deadline ?? Number.POSITIVE_INFINITY))
}

/** Returns the shorter of two limits; undefined when there is neither. */
export function shorter(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
}
