import { randomUUID } from 'node:crypto'
import type { ComponentSpec, JobSpec } from '../config/normalize'
import type { Environment } from '../config/read/source'
import type { JobEvent } from '../base/events'
import { createTicketId } from '../base/secrets/ticket-id'
import type { RunContext } from '../base/run'
import type { Clock } from '../base/contracts'
import { type Call, type CallScope, createJobOutputs, type Execute, type JobOutputs } from './call'
import { describeError, jobFailed } from './job-error'
import { askedTooLong, mayRetry, nextAttemptAt } from './retry'
import { sleep, untilAborted } from '../base/timers'

/** What is told of a job while it runs. */
export type JobNews = Pick<JobEvent, 'status' | 'attempt' | 'ids' | 'error'>

/** What a job sees of the run that it belongs to. */
export interface JobRun {
  readonly run: RunContext
  readonly workflowId: string
  readonly input: unknown
  /** The jobs that are done. */
  readonly jobs: CallScope['jobs']
  /** The output of the job above. */
  readonly previous: unknown
  /** Why the job failed that this one stands in for. */
  readonly error: unknown
  readonly signal: AbortSignal
  /** What the names of its steps begin with. */
  readonly path: string
  readonly tell: (path: string, news: JobNews) => void
}

/** Runs a job to its end: all attempts, and what stands in when they fail. Gives its output. */
export type RunJob = (run: JobRun) => Promise<unknown>

export interface JobContext {
  readonly clock: Clock
  readonly env: Environment
  readonly gateway: object
  /** The ports of the gateways that the templates of a job and its component read. */
  readonly portsOf: (spec: JobSpec) => ReadonlySet<number>
  /** Opens the gateways of ports, and waits for them. */
  readonly readyFor: (ports: ReadonlySet<number>) => Promise<void>
  readonly componentOf: (spec: JobSpec) => ComponentSpec | undefined
  readonly executeOf: (spec: JobSpec) => Execute
}

/** Compiles a job with everything that stands in for it. */
export function compileJob(spec: JobSpec, context: JobContext): RunJob {
  const { clock, env, gateway } = context
  const execute = context.executeOf(spec)
  const ports = context.portsOf(spec)
  const component = context.componentOf(spec)
  const limitMs = limitOf(spec, component)
  // A service that knows the key calls back as the first of the equal requests said.
  const keepsTicket = component?.type === 'http-client' && component.idempotency
  const standIns = spec.onError.map((job) => ({ id: job.id, run: compileJob(job, context) }))

  /** What a call is known by, and when it began, is remembered, so that a repeated one is the same call. */
  function identify({ run, path }: JobRun, attempt: number): Promise<CallIdentity> {
    return run.step(`${path}#${attempt}/call`, async () => ({
      run_id: randomUUID(),
      startedAt: clock.now(),
      ticketId: createTicketId(),
    }))
  }

  async function openCall(job: BegunJob, attempt: number): Promise<OpenedCall> {
    const { run, input, jobs, previous: output, error } = job
    const own = attempt === 1 ? await job.firstCall() : await identify(job, attempt)
    const { run_id, startedAt } = own
    const { ticketId } = keepsTicket ? await job.firstCall() : own
    const timestamp = new Date(startedAt).toISOString()
    const call = { run_id, timestamp, task_id: run.id, workflow_id: job.workflowId, job_id: spec.id, attempt }
    const deadline = limitMs === undefined ? undefined : startedAt + limitMs
    return { scope: { input, env, gateway, context: call, jobs, output, error }, ticketId, deadline }
  }

  async function attemptOnce(job: BegunJob, attempt: number): Promise<unknown> {
    const { run, signal, path } = job
    const name = `${path}#${attempt}`
    if (ports.size > 0) await untilAborted(context.readyFor(ports), signal)
    const { scope, ...opened } = await openCall(job, attempt)
    const output = await execute({
      run,
      name,
      path,
      ...opened,
      scope: spec.input ? { ...scope, input: spec.input.render(scope) } : scope,
      signal,
      clock,
      onWaiting: (ids) => job.tell(path, { status: 'waiting', attempt, ids }),
    })
    return spec.output ? spec.output.render({ ...scope, output }) : output
  }

  /** Throws why the job failed, unless its config says what its output is then. */
  async function ignore(job: BegunJob, attempt: number, cause: unknown): Promise<unknown> {
    if (spec.onErrorOutput === undefined) throw jobFailed(spec, cause)
    const { scope } = await openCall(job, attempt)
    try {
      const output = spec.onErrorOutput.template?.render(scope) ?? null
      job.tell(job.path, { status: 'succeeded', attempt })
      return output
    } catch (error) {
      throw jobFailed(spec, error)
    }
  }

  /** After the last attempt; the output of the last job that stands in is the output of this one. */
  async function standIn(job: BegunJob, attempt: number, cause: unknown): Promise<unknown> {
    const error = describeError(cause)
    if (standIns.length === 0) return ignore({ ...job, error }, attempt, cause)
    const jobs: JobOutputs = Object.assign(createJobOutputs(), job.jobs)
    let output: unknown = null
    for (const { id, run } of standIns) {
      output = await run({ ...job, jobs, previous: output, error, path: `${job.path}/on_error/${id}` })
      jobs[id] = { output }
    }
    job.tell(job.path, { status: 'succeeded', attempt })
    return output
  }

  return async (given) => {
    const { run, workflowId, input, jobs, previous, error: above, signal, path, tell } = given
    const firstCall = once(() => identify(given, 1))
    // Named one by one: of a hundred thousand jobs, each would have a hidden class of its own after a spread.
    const job: BegunJob = { run, workflowId, input, jobs, previous, error: above, signal, path, tell, firstCall }
    for (let attempt = 1; ; attempt += 1) {
      tell(path, { status: 'running', attempt })
      try {
        const output = await run.step(`${path}#${attempt}`, () => attemptOnce(job, attempt))
        tell(path, { status: 'succeeded', attempt })
        return output
      } catch (error) {
        if (signal.aborted) throw error
        const failFor = (cause: unknown): Promise<unknown> => {
          tell(path, { status: 'failed', attempt, error: cause })
          return standIn(job, attempt, cause)
        }
        if (attempt >= spec.retry.maxAttempts || !mayRetry(error, spec.retry)) return failFor(error)
        const until = await run.step(`${path}#${attempt}/pause`, async () =>
          nextAttemptAt(error, { spec: spec.retry, attempt, now: clock.now(), limitMs }),
        )
        if (!Number.isFinite(until)) return failFor(askedTooLong(error, limitMs))
        tell(path, { status: 'retrying', attempt, error })
        await sleep(clock, Math.max(until - clock.now(), 0), signal)
      }
    }
  }
}

type OpenedCall = Pick<Call, 'scope' | 'ticketId' | 'deadline'>

/** What tells one attempt from another, and when it began, in milliseconds since the epoch. */
interface CallIdentity {
  readonly run_id: string
  readonly startedAt: number
  readonly ticketId: string
}

/** A job whose attempts share what the first of them was known by. */
interface BegunJob extends JobRun {
  readonly firstCall: () => Promise<CallIdentity>
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => (result ??= work())
}

/** The limit of each attempt: the job's or the component's, whichever is shorter. */
function limitOf({ timeoutMs }: JobSpec, component: ComponentSpec | undefined): number | undefined {
  const own = component?.type === 'http-client' ? component.timeoutMs : undefined
  return timeoutMs === undefined || own === undefined ? (timeoutMs ?? own) : Math.min(timeoutMs, own)
}
