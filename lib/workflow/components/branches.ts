import type { BranchesSpec } from '../../config/normalize'
import type { Expected } from '../../base/run'
import type { Endpoint } from '../../listener/endpoint'
import type { Selection } from '../../listener/paths/selection'
import { readWaitIds } from '../../listener/ids'
import { type Call, deadlineOf, shorter } from '../call'

/** One of several waits of a job. */
export interface Branch {
  readonly name: string | undefined
  readonly wait: Expected
}

/** Returns a wait for ids on endpoints, which takes no longer than its attempt. */
export function expectOn(
  endpoints: readonly Endpoint[],
  ids: readonly string[],
  timeoutMs: number | undefined,
  call: Pick<Call, 'clock' | 'deadline'>,
): Expected {
  const deadline = deadlineOf(call, timeoutMs, endpoints)
  return { endpoints, ids, deadline, queued: endpoints.some(({ anonymous }) => anonymous) }
}

/**
 * Compiles the branches of `any` and `all`. With a template in place of the list, each id in the list that it makes is a
 * branch. The function throws `ERR_WAIT_ID` and `ERR_ENDPOINT_UNKNOWN`.
 */
export function compileBranches(
  spec: BranchesSpec,
  at: string,
  selection: Selection,
): (call: Call) => readonly Branch[] {
  const { mode, branches, ids, timeoutMs } = spec
  if (ids !== undefined)
    return (call) => {
      const made: unknown = ids.render(call.scope)
      // No callback is missing where there is nothing to wait for, but then none is the first either.
      if (mode === 'all' && Array.isArray(made) && made.length === 0) return []
      return readWaitIds(made, `${at}.${mode}`).map((id) => ({
        name: undefined,
        wait: expectOn(selection.any(spec.path), [id], timeoutMs, call),
      }))
    }
  return (call) =>
    branches.map(({ name, id, path = spec.path, timeoutMs: ownMs, at: place }) => ({
      name,
      wait: expectOn(selection.any(path), readWaitIds(id.render(call.scope), place), shorter(ownMs, timeoutMs), call),
    }))
}
