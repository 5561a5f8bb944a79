import type { WaitSpec } from '../../config/normalize'
import type { Selection } from '../../listener/paths/selection'
import { readWaitIds } from '../../listener/ids'
import type { Call, Execute } from '../call'
import { compileBranches, listIds, type Wanted, waitOn } from './branches'
import { compileFilter } from './filter'
import { openWaits } from './open-waits'

/**
 * Compiles a job that only waits for callbacks that something else has asked for. Its output is the result of the callback;
 * with `any` that of the first one, with `all` the results of all branches.
 */
export function compileWait(spec: WaitSpec, at: string, selection: Selection): Execute {
  const wantedBy = compileWanted(spec, at, selection)
  return async (call) => {
    const wanted = wantedBy(call)
    const waits = await openWaits(call, wanted)
    try {
      call.onWaiting(listIds(wanted))
      const { result, branch } = await waits.ended()
      if (branch) call.onBranch(branch)
      return result()
    } finally {
      await waits.cancel()
    }
  }
}

function compileWanted(spec: WaitSpec, at: string, selection: Selection): (call: Call) => Wanted {
  if (spec.mode !== 'one') {
    const branchesOf = compileBranches(spec, `${at}.wait_for`, selection)
    return (call) => ({ mode: spec.mode, branches: branchesOf(call) })
  }
  const { id, path, timeoutMs, when } = spec
  const filter = compileFilter(when)
  return (call) => {
    const ids = readWaitIds(id.render(call.scope), at)
    const endpoints = selection.any(path)
    const wait = waitOn(endpoints, ids, timeoutMs, call, filter?.(endpoints, ids, call, `${at}.wait_for`))
    return { mode: 'one', branches: [{ name: undefined, wait }] }
  }
}
