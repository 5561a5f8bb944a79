import type { BranchesSpec } from '../../config/normalize'
import { CallbackError } from '../../base/errors'
import type { Expected } from '../../base/run'
import type { Template } from '../../template/compile'
import type { Endpoint } from '../../listener/endpoint'
import type { Selection } from '../../listener/paths/selection'
import { readWaitIds } from '../../listener/ids'
import { type Call, deadlineOf, shorter } from '../call'
import { compileFilter } from './filter'

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
  when?: Expected['when'],
): BranchWait {
  const deadline = deadlineOf(call, timeoutMs, endpoints)
  const queued = when === undefined && endpoints.some(({ anonymous }) => anonymous)
  return { endpoints, ids, deadline, queued, when }
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
  return (call) => {
    const branches = branchesOf(call)
    refuseOverlap(branches, `${at}.${spec.mode}`, spec.mode)
    return branches
  }
}

function compileWritten(
  { branches, path: common, timeoutMs: commonMs, when: commonWhen }: BranchesSpec,
  selection: Selection,
): (call: Call) => readonly Branch[] {
  const compiled = branches.map(({ when = commonWhen, ...branch }) => ({ ...branch, filter: compileFilter(when) }))
  return (call) =>
    compiled.map(({ name, id, path = common, timeoutMs, at, filter }) => {
      const ids = readWaitIds(id.render(call.scope), at)
      const endpoints = selection.any(path)
      const when = filter?.(endpoints, ids, call, at)
      return { name, wait: waitOn(endpoints, ids, shorter(timeoutMs, commonMs), call, when) }
    })
}

function compileListed(
  { mode, path, timeoutMs, when }: BranchesSpec,
  ids: Template,
  at: string,
  selection: Selection,
): (call: Call) => readonly Branch[] {
  const place = `${at}.${mode}`
  const filter = compileFilter(when)
  return (call) => {
    const made: unknown = ids.render(call.scope)
    const list: readonly unknown[] = Array.isArray(made) ? made : [made]
    // No callback is missing where there is nothing to wait for, but then none is the first either.
    if (mode === 'any' && list.length === 0) readWaitIds(list, place)
    const endpoints = selection.any(path)
    return list.map((one) => {
      const named = readWaitIds(one, place)
      const wait = waitOn(endpoints, named, timeoutMs, call, filter?.(endpoints, named, call, place))
      return { name: undefined, wait }
    })
  }
}

/**
 * Two branches of `all` may wait for the same, but not for more or less of the same: a callback would be for either. Where one
 * has `when`, none may: an early callback is checked by one branch alone.
 */
function refuseOverlap(branches: readonly Branch[], at: string, mode: 'any' | 'all'): void {
  const known = new Map<string, number>()
  for (const [index, { wait }] of branches.entries()) {
    for (const endpoint of wait.endpoints) {
      for (const id of wait.ids) {
        const key = `${endpoint.key} ${id}`
        const other = known.get(key)
        if (other === undefined) known.set(key, index)
        else if (hasWhen(branches[other]?.wait, wait)) throw overlapping([other, index], id, endpoint, at, WHEN)
        else if (mode === 'all' && !isSameWait(branches[other]?.wait, wait))
          throw overlapping([other, index], id, endpoint, at, MORE)
      }
    }
  }
}

const WHEN = 'has "when"'
const MORE = 'for more than that'

function hasWhen(one: BranchWait | undefined, other: BranchWait): boolean {
  return one?.when !== undefined || other.when !== undefined
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
  why: string,
): CallbackError {
  const message =
    `The branches ${one + 1} and ${other + 1} both wait for ${JSON.stringify(id)} at ${key}, and one of them ${why}: ` +
    'give each branch ids or a path of its own'
  return new CallbackError('ERR_WAIT_ID', { at, message })
}
