import type { OneWaitSpec, WaitSpec } from '../../config/normalize'
import type { Selection } from '../../listener/paths/selection'
import { readWaitIds } from '../../listener/ids'
import type { Execute } from '../call'
import { compileBranches, expectOn } from './branches'
import { resultOf } from './completion'
import { awaitAll, awaitFirst } from './several'

/**
 * Compiles a job that only waits for callbacks that something else has asked for. Its output is the result of the callback;
 * with `any` that of the first one, with `all` the results of all branches.
 */
export function compileWait(spec: WaitSpec, at: string, selection: Selection): Execute {
  if (spec.mode === 'one') return compileOne(spec, at, selection)
  const branchesOf = compileBranches(spec, `${at}.wait_for`, selection)
  return spec.mode === 'any' ? (call) => awaitFirst(call, branchesOf(call)) : (call) => awaitAll(call, branchesOf(call))
}

function compileOne({ id, path, timeoutMs }: OneWaitSpec, at: string, selection: Selection): Execute {
  return async (call) => {
    const ids = readWaitIds(id.render(call.scope), at)
    const wait = expectOn(selection.any(path), ids, timeoutMs, call)
    const expectation = await call.run.expect(`${call.name}/wait`, wait)
    call.onWaiting(ids)
    return resultOf(await expectation.outcome())
  }
}
