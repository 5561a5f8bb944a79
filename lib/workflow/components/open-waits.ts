import type { Outcome } from '../../base/contracts'
import type { Expectation, Expected, RunContext, RunEntry } from '../../base/run'
import type { Call, EndingBranch } from '../call'
import type { WantedWaits } from './branches'
import { findAll, findFirst, type OpenBranch, resultOf } from './ends'

/** The open waits of a job: of one callback, or of any or all of several. */
export interface OpenWaits {
  /** In the order of the branches. */
  readonly expectations: readonly Expectation[]
  /**
   * Resolves when the job can go on: with `one` and `any` to the first outcome, with `all` to all of them, or to the first
   * that failed. Rejects with `ERR_WAIT_TIMEOUT`, `ERR_CLOSED`, or why the run was cancelled. `known` has all ids that are
   * known by now.
   */
  ended(known?: WantedWaits): Promise<Ended>
  /** Ends each by what stands in for its callback, which is a duplicate when it comes all the same with an id. */
  settle(outcomes: readonly Outcome[]): Promise<void>
  /** Cancels the waits that have not ended; resolves when the store knows of it. */
  cancel(): Promise<void>
}

/** How the waits of a job ended. */
export interface Ended {
  /** Returns the result; throws `ERR_CALLBACK_FAILED` when a callback said failure. */
  readonly result: () => unknown
  /** The branch that ended a wait for any of several. */
  readonly branch: EndingBranch | undefined
}

/**
 * Opens the waits of a job; all of them are registered when this resolves. When a run was taken up for which the ends of
 * some branches decide, the others are not opened: a callback that came for them meanwhile is for another wait.
 */
export async function openWaits({ run, name }: Pick<Call, 'run' | 'name'>, wanted: WantedWaits): Promise<OpenWaits> {
  const { mode, branches } = wanted
  const waits = branches.map(({ wait }, index) => ({
    wait,
    name: mode === 'one' ? `${name}/wait` : nameOf(name, index),
  }))
  const ends = waits.map((one) => run.endOf(one.name))
  const isDecided = mode !== 'one' && ends.some((end) => end !== undefined && isDecisive(mode, end))
  const isWanted = (index: number): boolean => !isDecided || ends[index] !== undefined
  const opening = waits.map((one, index) =>
    isWanted(index) ? run.expect(one.name, one.wait) : Promise.resolve(forgone(run, one.name, one.wait)),
  )

  async function cancel(): Promise<void> {
    const opened = await Promise.allSettled(opening)
    await Promise.all(opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value.cancel()] : [])))
  }

  try {
    const expectations = await Promise.all(opening)
    const openOf = (known: WantedWaits): readonly OpenBranch[] =>
      known.branches.flatMap(({ wait }, index) => {
        const expectation = expectations[index]
        return expectation && isWanted(index) ? [{ index, wait, expectation }] : []
      })
    return {
      expectations,
      ended: (known = wanted) => endOf(known, openOf(known)),
      async settle(outcomes) {
        const settling = expectations.map(async (one, index) => {
          const outcome = outcomes[index]
          if (outcome) await one.settle(outcome)
        })
        await Promise.all(settling)
      },
      cancel,
    }
  } catch (error) {
    await cancel()
    throw error
  }
}

function nameOf(name: string, index: number): string {
  return `${name}/wait/${index}`
}

/** Whether the end of one branch is the end of all. */
function isDecisive(mode: 'any' | 'all', { error, value }: RunEntry): boolean {
  if (mode === 'any') return error === undefined
  return error !== undefined || (value as Outcome).outcome === 'failed'
}

/** Returns a wait that this process does not open again, and that is to end in the store under all of its ids. */
function forgone(run: RunContext, name: string, wait: Expected): Expectation {
  const nothing = async (): Promise<void> => undefined
  let { ids } = wait
  return {
    async alias(more) {
      ids = [...ids, ...more]
    },
    outcome: () => Promise.reject(new Error(`${name} is not waited for`)),
    settle: nothing,
    cancel: () => run.forgo(name, { ...wait, ids }),
  }
}

async function endOf({ mode, branches }: WantedWaits, open: readonly OpenBranch[]): Promise<Ended> {
  if (mode === 'all') {
    const outcomes = await findAll(open)
    return { result: () => shape(branches, outcomes.map(resultOf)), branch: undefined }
  }
  const { index, outcome } = await findFirst(open)
  const { id = null, endpoint } = outcome
  const branch = mode === 'any' ? { index, name: branches[index]?.name ?? null, id, endpoint } : undefined
  return { result: () => resultOf(outcome), branch }
}

/** The results of named branches make a mapping, those of others a list. */
function shape(branches: WantedWaits['branches'], results: readonly unknown[]): unknown {
  const names = branches.flatMap(({ name }) => name ?? [])
  return names.length === 0 ? results : Object.fromEntries(names.map((name, index) => [name, results[index]]))
}
