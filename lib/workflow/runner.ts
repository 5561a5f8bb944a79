import type { JobSpec, WorkflowSpec } from '../config/normalize'
import type { RunContext } from '../base/run'
import type { Environment } from '../config/read/source'
import { digitsAsText } from '../template/bigints'
import { gatewayPortsOf } from '../gateway/gateways'
import type { JobContext, JobNews } from './attempt'
import { compileJob, type RunJob } from './job'
import { type CallScope, createJobOutputs } from './call'
import { untilAborted } from '../base/timers'

/** One run of a workflow. */
export interface WorkflowRun {
  readonly run: RunContext
  readonly input: unknown
  /** Cancels the run with its reason; aborted by the runner itself when a job fails for good. */
  readonly cancellation: AbortController
  /** Told what each job does; a job inside on_error is named by its path. */
  readonly tell: (path: string, news: JobNews) => void
}

/** Runs a workflow to its end and resolves to its output. Rejects with the error of the job that failed first. */
export type RunWorkflow = (run: WorkflowRun) => Promise<unknown>

interface CompiledJob {
  readonly spec: JobSpec
  readonly run: RunJob
  /** The job above. */
  readonly above: string | undefined
}

/**
 * Compiles a workflow. A job starts when all that it comes after are done; when one fails for good, those beside it are
 * cancelled and those behind it never start.
 */
export function compileWorkflow(spec: WorkflowSpec, context: JobContext): RunWorkflow {
  const jobs: readonly CompiledJob[] = spec.jobs.map((job, index) => ({
    spec: job,
    run: compileJob(job, context),
    above: spec.jobs[index - 1]?.id,
  }))
  const outputOf = compileWorkflowOutput(spec, context)
  const outputPorts = gatewayPortsOf([spec.output])

  return async ({ run, input, cancellation, tell }) => {
    const { signal } = cancellation
    // The gateways that the output reads are opened before any work is done.
    if (outputPorts.size > 0) await untilAborted(context.readyFor(outputPorts), signal)
    const done = createJobOutputs()
    const started = new Map<string, Promise<void>>()

    function start(id: string): Promise<void> {
      const known = started.get(id)
      if (known) return known
      const job = jobs.find((one) => one.spec.id === id)
      const promise = job === undefined ? Promise.resolve() : runAfter(job)
      started.set(id, promise)
      return promise
    }

    async function runAfter({ spec: job, run: runJob, above }: CompiledJob): Promise<void> {
      await Promise.all(job.after.map(start))
      signal.throwIfAborted()
      const previous = above === undefined ? null : (done[above]?.output ?? null)
      const workflowId = spec.id
      const state = { run, workflowId, input, jobs: done, previous, error: null, signal, path: job.id, tell }
      done[job.id] = { output: await runJob(state) }
    }

    /** The first job that fails ends the others. All are awaited, so that nothing of the run goes on after its end. */
    const ends = await Promise.allSettled(
      jobs.map(async (job) => {
        try {
          await start(job.spec.id)
        } catch (error) {
          cancellation.abort(error)
          throw error
        }
      }),
    )
    if (ends.some(({ status }) => status === 'rejected')) throw signal.reason
    return digitsAsText(outputOf({ input, jobs: done, runId: run.id }))
  }
}

/** What the output of a workflow is made of. */
interface Ended {
  readonly input: unknown
  readonly jobs: CallScope['jobs']
  readonly runId: string
}

/** Without `output`, the output is that of the only job that no other comes after, or of all such jobs by their names. */
function compileWorkflowOutput(
  { id, jobs, output }: WorkflowSpec,
  { env, gateway, clock }: { readonly env: Environment; readonly gateway: object; readonly clock: JobContext['clock'] },
): (ended: Ended) => unknown {
  const last = jobs.filter((job) => !jobs.some(({ after }) => after.includes(job.id)))
  const [only] = last
  return ({ input, jobs: done, runId }) => {
    if (output) {
      const context = { task_id: runId, workflow_id: id, timestamp: new Date(clock.now()).toISOString() }
      const previous = done[jobs.at(-1)?.id ?? '']?.output ?? null
      return output.render({ input, env, gateway, context, jobs: done, output: previous })
    }
    if (only && last.length === 1) return done[only.id]?.output
    return Object.fromEntries(last.map((job) => [job.id, done[job.id]?.output]))
  }
}
