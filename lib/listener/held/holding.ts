import type { ServerResponse } from 'node:http'
import type { Clock } from '../../base/contracts'
import type { ListenerRequest } from '../../body/request'
import { beforeDeadline, startTimer } from '../../base/timers'
import { type MaybeLater, whenThere } from '../../base/values/later'
import { answerRuns, type RunEnd, type ShownRun } from './answer-runs'
import { createKnownRuns, RequestRuns } from './request-runs'

/** Holds requests until the runs that they have started end. */
export interface Holding {
  /** Creates the notes of one request. */
  begin(): RequestRuns
  /**
   * Answers a request with the output of its run, or with those of its items; with 202 when one has not ended within
   * `withinMs`, when it goes on in another process, when too many requests are held, and when the callbacks are closed. Does
   * nothing when the client is gone.
   */
  hold(response: ServerResponse, runs: RequestRuns, options: HoldOptions): Promise<void>
  /** Answers all held requests, and holds no more. */
  release(): void
}

export interface HoldOptions {
  readonly withinMs: number
  /** Whether the answer is a list. */
  readonly bulk: boolean
}

export interface HoldingContext {
  readonly clock: Clock
  /** Returns how a run has ended once it has, or that it goes on in another process; undefined for one that nobody knows any more. */
  readonly whenEnded: (task: string) => MaybeLater<RunEnd | undefined>
  /** Where the controller shows how a task is doing, to the sender of a request; undefined where it cannot be reached. */
  readonly statusUrlOf: (task: string, request: ListenerRequest) => string | undefined
}

/** How many requests are held at once; more are answered 202. */
const MAX_HELD = 1000

/** Creates the holding of one `callbacks()`. */
export function createHolding({ clock, whenEnded, statusUrlOf }: HoldingContext): Holding {
  const known = createKnownRuns()
  const releases = new Set<() => void>()
  let isOver = false

  /** Resolves when all runs have ended, or to nothing more when the request is let go. */
  async function wait(ends: Promise<unknown>, response: ServerResponse, withinMs: number): Promise<void> {
    if (isOver || withinMs === 0 || releases.size >= MAX_HELD || response.destroyed) return
    await beforeDeadline<unknown>(ends, (resolve) => {
      const release = (): void => resolve(undefined)
      const stopTimer = startTimer(clock, withinMs, release)
      response.once('close', release)
      releases.add(release)
      return () => {
        stopTimer()
        response.off('close', release)
        releases.delete(release)
      }
    })
  }

  return {
    begin: () => new RequestRuns(known),
    async hold(response, runs, { withinMs, bulk }) {
      const shown: ShownRun[] = runs.list().map(([index, task]) => ({ index, task, end: undefined }))
      const underWay: Promise<unknown>[] = []
      for (const [place, { index, task }] of shown.entries()) {
        const noted = whenThere(task === undefined ? undefined : whenEnded(task), (end) => {
          if (end === undefined) shown[place] = { index, task: undefined, end }
          else if (end.status !== 'running') shown[place] = { index, task, end }
        })
        if (noted instanceof Promise) underWay.push(noted)
      }
      if (underWay.length > 0) await wait(Promise.all(underWay), response, withinMs)
      answerRuns(response, shown, { bulk, statusUrlOf: (task) => statusUrlOf(task, response.req) })
    },
    release() {
      isOver = true
      for (const release of releases) release()
    },
  }
}
