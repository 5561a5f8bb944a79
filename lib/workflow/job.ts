import type { JobSpec } from '../config/normalize'
import { type Attempts, compileAttempts, type JobContext, type JobRun } from './attempt'
import { createJobOutputs, type JobOutputs } from './call'
import { describeError, jobFailed } from './job-error'
import { askedTooLong, mayRetry, nextAttemptAt } from './retry'
import { sleep } from '../base/timers'

/** Runs a job to its end: all attempts, then its on_error jobs when they fail. Resolves to its output. */
export type RunJob = (run: JobRun) => Promise<unknown>

/** An attempt that failed, after which there is no other. */
interface Failure {
  readonly attempts: Attempts
  readonly attempt: number
  readonly cause: unknown
}

/** Compiles a job with everything that stands in for it. */
export function compileJob(spec: JobSpec, context: JobContext): RunJob {
  const { clock } = context
  const { limitMs, begin } = compileAttempts(spec, context)
  const standIn = compileOnError(spec, context)

  return async (job) => {
    const { run, path, signal, tell } = job
    const attempts = begin(job)
    for (let attempt = 1; ; attempt += 1) {
      tell(path, { status: 'running', attempt })
      try {
        const output = await run.step(`${path}#${attempt}`, () => attempts.make(attempt))
        tell(path, { status: 'succeeded', attempt })
        return output
      } catch (error) {
        if (signal.aborted) throw error
        const failFor = (cause: unknown): Promise<unknown> => {
          tell(path, { status: 'failed', attempt, error: cause })
          return standIn(job, { attempts, attempt, cause })
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

/** Compiles `on_error`: the output of the last job that stands in is the output of the one that failed. */
function compileOnError(spec: JobSpec, context: JobContext): (job: JobRun, failure: Failure) => Promise<unknown> {
  const standIns = spec.onError.map((job) => ({ id: job.id, run: compileJob(job, context) }))
  if (standIns.length === 0) return compileErrorOutput(spec)
  return async (job, { attempt, cause }) => {
    const error = describeError(cause)
    const jobs: JobOutputs = Object.assign(createJobOutputs(), job.jobs)
    let output: unknown = null
    for (const { id, run } of standIns) {
      output = await run({ ...job, jobs, previous: output, error, path: `${job.path}/on_error/${id}` })
      jobs[id] = { output }
    }
    job.tell(job.path, { status: 'succeeded', attempt })
    return output
  }
}

/** Throws why the job failed, unless its config says what its output is then. */
function compileErrorOutput(spec: JobSpec): (job: JobRun, failure: Failure) => Promise<unknown> {
  const { onErrorOutput } = spec
  return async ({ path, tell }, { attempts, attempt, cause }) => {
    if (onErrorOutput === undefined) throw jobFailed(spec, cause)
    const scope = await attempts.scopeOf(attempt, describeError(cause))
    try {
      const output = onErrorOutput.template?.render(scope) ?? null
      tell(path, { status: 'succeeded', attempt })
      return output
    } catch (error) {
      throw jobFailed(spec, error)
    }
  }
}
