import type { BranchesSpec } from '../../config/normalize'
import { CallbackError } from '../../base/errors'
import type { Expected } from '../../base/run'
import type { Template } from '../../template/compile'
import type { Endpoint } from '../../listener/endpoint'
import type { Selection } from '../../listener/paths/selection'
import { readWaitIds } from '../../listener/ids'
import { type Call, deadlineOf, shorter } from '../call'

/** Waits of a job as the store knows them: one callback, the first of several, or all of several. */
export interface WantedWaits {
  readonly mode: 'one' | 'any' | 'all'
  /** With `one`, there is one. */
  readonly branches: readonly { readonly name: string | undefined; readonly wait: Expected }[]
}

/** What a job waits for. */
export interface Wanted extends WantedWaits {
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
  const branchesOf = spec.ids ? compileListed(spec, spec.ids, at, selection) : compileWritten(spec, selection)
  if (spec.mode === 'any') return branchesOf
  return (call) => {
    const branches = branchesOf(call)
    refuseOverlap(branches, at)
    return branches
  }
}

function compileWritten(
  { branches, path: common, timeoutMs: commonMs }: BranchesSpec,
  selection: Selection,
): (call: Call) => readonly Branch[] {
  return (call) =>
    branches.map(({ name, id, path = common, timeoutMs, at }) => {
      const ids = readWaitIds(id.render(call.scope), at)
      return { name, wait: waitOn(selection.any(path), ids, shorter(timeoutMs, commonMs), call) }
    })
}

function compileListed(
  { mode, path, timeoutMs }: BranchesSpec,
  ids: Template,
  at: string,
  selection: Selection,
): (call: Call) => readonly Branch[] {
  const place = `${at}.${mode}`
  return (call) => {
    const made: unknown = ids.render(call.scope)
    const list: readonly unknown[] = Array.isArray(made) ? made : [made]
    // No callback is missing where there is nothing to wait for, but then none is the first either.
    if (mode === 'any' && list.length === 0) readWaitIds(list, place)
    const endpoints = selection.any(path)
    return list.map((id) => ({
      name: undefined,
      wait: waitOn(endpoints, readWaitIds(id, place), timeoutMs, call),
    }))
  }
}

/** Two branches of `all` may wait for the same, but not for more or less of the same: a callback would be for either. */
function refuseOverlap(branches: readonly Branch[], at: string): void {
  const known = new Map<string, number>()
  for (const [index, { wait }] of branches.entries()) {
    for (const endpoint of wait.endpoints) {
      for (const id of wait.ids) {
        const key = `${endpoint.key} ${id}`
        const other = known.get(key)
        if (other === undefined) known.set(key, index)
        else if (!isSameWait(branches[other]?.wait, wait)) throw overlapping([other, index], id, endpoint, at)
      }
    }
  }
}

function isSameWait(one: BranchWait | undefined, other: BranchWait): boolean {
  const isSame = <T>(some: readonly T[] = [], others: readonly T[] = []): boolean =>
    some.length === others.length && some.every((item) => others.includes(item))
  return isSame(one?.ids, other.ids) && isSame(one?.endpoints, other.endpoints)
}

function overlapping(
  [one, other]: readonly [number, number],
  id: string,
  { key }: Endpoint,
  at: string,
): CallbackError {
  const message =
    `The branches ${one + 1} and ${other + 1} both wait for ${JSON.stringify(id)} at ${key}, and one of them for more than ` +
    'that: give each branch ids or a path of its own'
  return new CallbackError('ERR_WAIT_ID', { at: `${at}.all`, message })
}
