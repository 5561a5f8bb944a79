import type { BranchesSpec } from '../../config/normalize'
import type { Expected } from '../../base/run'
import type { Endpoint } from '../../listener/endpoint'
import type { Selection } from '../../listener/paths/selection'
import { readWaitIds } from '../../listener/ids'
import { type Call, deadlineOf, shorter } from '../call'

/** What a job waits for: one callback, the first of several, or all of several. */
export interface Wanted {
  readonly mode: 'one' | 'any' | 'all'
  /** With `one`, there is one. */
  readonly branches: readonly Branch[]
}

/** One wait of a job. */
export interface Branch {
  readonly name: string | undefined
  readonly wait: BranchWait
}

export interface BranchWait extends Expected {
  readonly endpoints: readonly Endpoint[]
}

/** Returns a wait for ids on endpoints, which takes no longer than its attempt. */
export function waitOn(
  endpoints: readonly Endpoint[],
  ids: readonly string[],
  timeoutMs: number | undefined,
  call: Pick<Call, 'clock' | 'deadline'>,
): BranchWait {
  const deadline = deadlineOf(call, timeoutMs, endpoints)
  return { endpoints, ids, deadline, queued: endpoints.some(({ anonymous }) => anonymous) }
}

/** Lists the ids of all branches. */
export function listIds({ branches }: Wanted): readonly string[] {
  return [...new Set(branches.flatMap(({ wait }) => wait.ids))]
}

/** Returns the same waits with more ids for each branch. */
export function withIds({ mode, branches }: Wanted, added: readonly (readonly string[])[]): Wanted {
  const known = branches.map(({ name, wait }, index) => {
    const ids = [...new Set([...wait.ids, ...(added[index] ?? [])])]
    return { name, wait: { ...wait, ids } }
  })
  return { mode, branches: known }
}

/**
 * Compiles the branches of a job's `any` and `all`. With a template in place of the list, each element of the list
 * that it makes is the id, or the ids, of a branch. The function throws `ERR_WAIT_ID` and `ERR_ENDPOINT_UNKNOWN`.
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
      const list: readonly unknown[] = Array.isArray(made) ? made : [made]
      // No callback is missing where there is nothing to wait for, but then none is the first either.
      if (mode === 'any' && list.length === 0) readWaitIds(list, `${at}.${mode}`)
      const endpoints = selection.any(spec.path)
      return list.map((id) => ({
        name: undefined,
        wait: waitOn(endpoints, readWaitIds(id, `${at}.${mode}`), timeoutMs, call),
      }))
    }
  return (call) =>
    branches.map(({ name, id, path = spec.path, timeoutMs: ownMs, at: place }) => ({
      name,
      wait: waitOn(selection.any(path), readWaitIds(id.render(call.scope), place), shorter(ownMs, timeoutMs), call),
    }))
}
