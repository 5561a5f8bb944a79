import { randomUUID } from 'node:crypto'
import type { ComponentSpec, JobSpec } from '../config/normalize'
import type { Environment } from '../config/read/source'
import type { JobEvent } from '../base/events'
import { createTicketId } from '../base/secrets/ticket-id'
import type { RunContext } from '../base/run'
import type { Clock } from '../base/contracts'
import { type Call, type CallScope, type EndingBranch, type Execute, shorter } from './call'
import { untilAborted } from '../base/timers'

/** What is told of a job while it runs. */
export interface JobNews {
  readonly status: JobEvent['status']
  readonly attempt: number
  /** The ids that it waits for. */
  readonly ids?: readonly string[]
  readonly error?: unknown
}

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

/** What jobs are compiled against. */
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

/** The attempts of one run of a job, counted from 1. */
export interface Attempts {
  /** Lets the component work, and resolves to the output of the job. */
  make(attempt: number): Promise<unknown>
  /** What the templates read of an attempt that failed, with its `error`. */
  scopeOf(attempt: number, error: object): Promise<CallScope>
}

export interface JobAttempts {
  /** The limit of each attempt in milliseconds: the shorter of the job's and the component's; undefined without any. */
  readonly limitMs: number | undefined
  readonly begin: (job: JobRun) => Attempts
}

/** Compiles the attempts of a job: what each is known by, what its templates read, and how long it may take. */
export function compileAttempts(spec: JobSpec, context: JobContext): JobAttempts {
  const { clock, env, gateway } = context
  const execute = context.executeOf(spec)
  const ports = context.portsOf(spec)
  const component = context.componentOf(spec)
  const limitMs = shorter(spec.timeoutMs, component?.type === 'http-client' ? component.timeoutMs : undefined)
  // A service that knows the `Idempotency-Key` calls back with the ticket of the first attempt.
  const keepsTicket = component?.type === 'http-client' && component.idempotency

  function begin(job: JobRun): Attempts {
    const { run, signal, path } = job
    /** Remembered, so that an attempt that is repeated after a restart is the same attempt. */
    const identify = (attempt: number) =>
      run.step(`${path}#${attempt}/call`, async () => ({
        run_id: randomUUID(),
        startedAt: clock.now(),
        ticketId: createTicketId(),
      }))
    let first: ReturnType<typeof identify> | undefined
    const identifyFirst = () => (first ??= identify(1))

    async function open(attempt: number, error: unknown): Promise<Pick<Call, 'scope' | 'ticketId' | 'deadline'>> {
      const { input, jobs, previous: output, workflowId: workflow_id } = job
      const own = attempt === 1 ? await identifyFirst() : await identify(attempt)
      const { run_id, startedAt } = own
      const { ticketId } = keepsTicket ? await identifyFirst() : own
      const timestamp = new Date(startedAt).toISOString()
      const call = { run_id, timestamp, task_id: run.id, workflow_id, job_id: spec.id, attempt }
      const deadline = limitMs === undefined ? undefined : startedAt + limitMs
      return { scope: { input, env, gateway, context: call, jobs, output, error }, ticketId, deadline }
    }

    return {
      async make(attempt) {
        if (ports.size > 0) await untilAborted(context.readyFor(ports), signal)
        const { scope, ticketId, deadline } = await open(attempt, job.error)
        let branch: EndingBranch | null = null
        const output = await execute({
          run,
          name: `${path}#${attempt}`,
          path,
          scope: spec.input ? { ...scope, input: spec.input.render(scope) } : scope,
          ticketId,
          deadline,
          signal,
          clock,
          onWaiting: (ids) => job.tell(path, { status: 'waiting', attempt, ids }),
          onBranch: (ended) => void (branch = ended),
        })
        return spec.output ? spec.output.render({ ...scope, output, branch }) : output
      },
      scopeOf: async (attempt, error) => (await open(attempt, error)).scope,
    }
  }

  return { limitMs, begin }
}
