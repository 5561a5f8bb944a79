import type { WaitSpec } from '../../config/normalize'
import type { Selection } from '../../listener/paths/selection'
import { readWaitIds } from '../../listener/ids'
import { deadlineOf, type Execute } from '../call'
import { resultOf } from './completion'

/** Compiles a job that only waits for a callback that something else has asked for. Its output is the callback's result. */
export function compileWait({ id, path, timeoutMs }: WaitSpec, at: string, selection: Selection): Execute {
  return async (call) => {
    const ids = readWaitIds(id.render(call.scope), at)
    const endpoints = selection.any(path)
    const expectation = await call.run.expect(`${call.name}/wait`, {
      endpoints,
      ids,
      deadline: deadlineOf(call, timeoutMs, endpoints),
      queued: endpoints.some(({ anonymous }) => anonymous),
    })
    call.onWaiting(ids)
    return resultOf(await expectation.outcome())
  }
}
