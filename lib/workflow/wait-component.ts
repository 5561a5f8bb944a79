import type { WaitSpec } from '../config/normalize'
import type { Selection } from '../listener/selection'
import { readWaitIds } from '../listener/wait-ids'
import { earliest, type Execute } from './call'
import { resultOf } from './completion'

/** Compiles a job that only waits for a callback, for which somebody else has asked; it gives the callback's result. */
export function compileWait({ id, path, timeoutMs }: WaitSpec, at: string, selection: Selection): Execute {
  return async ({ run, name, scope, clock, deadline, onWaiting }) => {
    const ids = readWaitIds(id.render(scope), at)
    const endpoints = selection.any(path)
    const now = clock.now()
    const limit = earliest(deadline, timeoutMs === undefined ? undefined : now + timeoutMs)
    const longest = now + Math.max(...endpoints.map(({ spec }) => spec.timeoutMs))
    const expectation = await run.expect(`${name}/wait`, {
      endpoints,
      ids,
      deadline: Number.isFinite(limit) ? limit : longest,
      queued: endpoints.some(({ anonymous }) => anonymous),
    })
    onWaiting(ids)
    return resultOf(await expectation.outcome())
  }
}
