import type { Clock } from '../base/contracts'
import { hasCode } from '../base/errors'
import type { JobEvent, TaskEvent } from '../base/events'
import type { Expected, RequestTrace, RunContext, RunRecord } from '../base/run'
import { jobAttributes, readJobPlace, runAttributes, type RunPlace, shownName } from './attributes'
import type { NormalizedTracing } from './options'
import { createRequestTrace } from './request'
import { KIND, type Place, recordSpan, scopeOf, type SpanMaker } from './spans'
import { isLeft, recordWait, type TracedEnding } from './waits'

/** The spans of one run in this process. */
export interface RunTrace {
  /** Does work in a context in which the span that started the run is active. */
  within<T>(work: () => T): T
  /** Returns the context of the run, with its waits and requests recorded. */
  follow(run: RunContext): RunContext
  /** Takes note of what a job does. */
  noteJob(job: string, news: Pick<JobEvent, 'status' | 'attempt' | 'error'>): void
  /** Makes the span of a wait that `follow` has noted. */
  endWait(ending: TracedEnding, wait: Expected, ids: readonly string[]): void
  /** Makes the span of the run; undefined for one that another process goes on with. Later news of jobs are kept out then. */
  end(status: TaskEvent['status'], error: unknown): void
}

export interface RunTraceOptions extends RunPlace {
  readonly maker: SpanMaker
  readonly clock: Clock
  readonly relations: Pick<NormalizedTracing, 'callbacks'>
  /** The span that started the run. */
  readonly parent: Place
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** What the run has done in earlier processes; undefined where a run ends with its process. */
  readonly record: RunRecord | undefined
}

/** What is known of a job. */
interface NotedJob {
  readonly startedAt: number
  /** Whether the present attempt had ended before this process had the run, so that another process has told of it. */
  isTold: boolean
  hasEnded: boolean
}

/**
 * Creates the trace of a run. Each span is made when its work is over, with the time at which that began: no process has
 * to live as long as a wait. All spans are children of the one that started the run, since that one has ended already.
 */
export function createRunTrace(options: RunTraceOptions): RunTrace {
  const { maker, clock, parent, record, startedAt, relations, workflow } = options
  const common = runAttributes(options)
  const jobs = new Map<string, NotedJob>()
  const waits = new Map<Expected, { readonly name: string; readonly startedAt: number }>()
  let isGone = false
  const startOf = (job: string, attempt: number): number => startOfAttempt(record, job, attempt) ?? clock.now()

  function beginAttempt(job: string, attempt: number): void {
    const isTold = record?.find(`${job}#${attempt}`) !== undefined
    const known = jobs.get(job)
    if (known) known.isTold = isTold
    else jobs.set(job, { startedAt: startOf(job, 1), isTold, hasEnded: false })
  }

  function endJob(job: string, { status, attempt, error }: Parameters<RunTrace['noteJob']>[1]): void {
    const noted = jobs.get(job)
    // A job that on_error stands in for succeeds after it has failed.
    if (noted === undefined || noted.isTold || noted.hasEnded || isGone) return
    noted.hasEnded = true
    recordSpan(maker, {
      name: `job ${shownName('job', job)}`,
      kind: KIND.internal,
      startedAt: noted.startedAt,
      endedAt: clock.now(),
      parent,
      attributes: { ...common, ...jobAttributes({ job, attempt }), 'express_callbacks.status': status },
      error: status === 'failed' ? (error ?? 'The job failed') : undefined,
    })
  }

  function requestsOf(step: string): RequestTrace {
    return createRequestTrace(maker, parent, { ...common, ...jobAttributes(readJobPlace(step)) })
  }

  return {
    within: (work) => maker.api.context.with(scopeOf(maker.api, maker.api.context.active(), parent), work),
    follow: (run) => ({
      ...run,
      traceOf: requestsOf,
      async expect(name, wait) {
        const place = readJobPlace(name)
        const isReopened = record?.find(`${name}/open`) !== undefined
        const at = isReopened && place ? startOf(place.job, place.attempt) : clock.now()
        waits.set(wait, { name, startedAt: at })
        return run.expect(name, wait)
      },
    }),
    noteJob(job, news) {
      if (news.status === 'running') beginAttempt(job, news.attempt)
      if (news.status === 'succeeded' || news.status === 'failed' || news.status === 'cancelled') endJob(job, news)
    },
    endWait(ending, wait, ids) {
      const noted = waits.get(wait)
      waits.delete(wait)
      if (noted === undefined || (record !== undefined && isLeft(ending))) return
      recordWait(maker, {
        endpoints: wait.endpoints,
        ids,
        ending,
        startedAt: noted.startedAt,
        endedAt: clock.now(),
        parent,
        callbacks: relations.callbacks,
        attributes: { ...common, ...jobAttributes(readJobPlace(noted.name)) },
      })
    },
    end(status, error) {
      isGone = record !== undefined && hasCode(error, 'ERR_CLOSED')
      if (isGone) return
      recordSpan(maker, {
        name: `run ${shownName('workflow', workflow)}`,
        kind: KIND.consumer,
        startedAt,
        endedAt: clock.now(),
        parent,
        attributes: { ...common, 'express_callbacks.status': status },
        error: status === 'failed' ? error : undefined,
      })
    },
  }
}

/** Returns when an attempt began, maybe in another process; undefined for one that has not begun. */
function startOfAttempt(record: RunRecord | undefined, job: string, attempt: number): number | undefined {
  const begun = record?.find(`${job}#${attempt}/call`)?.value
  const at: unknown = Reflect.get(Object(begun), 'startedAt')
  return typeof at === 'number' ? at : undefined
}
