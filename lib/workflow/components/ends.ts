import { CallbackError, hasCode, reasonOf } from '../../base/errors'
import type { Outcome } from '../../base/contracts'
import type { Expectation, Expected } from '../../base/run'
import { callbackFailed } from '../../store/wait-errors'

/** Returns the result of a task that is done. Throws `ERR_CALLBACK_FAILED`, or why there is no result. */
export function resultOf(outcome: Outcome): unknown {
  if (outcome.outcome === 'succeeded') return outcome.result
  throw outcome.error ?? callbackFailed(outcome)
}

/** A branch that is waited for. */
export interface OpenBranch {
  /** Its place among all branches, from 0. */
  readonly index: number
  readonly wait: Expected
  readonly expectation: Expectation
}

/** A branch with the outcome that its callback brought. */
export interface EndedBranch {
  readonly index: number
  readonly outcome: Outcome
}

/** How many branches a message quotes. */
const MOST_QUOTED = 5

/**
 * Resolves to the outcome that came first, whether it says success or failure. A branch whose time is up, or that somebody
 * has cancelled by hand, is left out. When no other is left, this rejects with `ERR_WAIT_TIMEOUT`, or with `ERR_ABORTED` when
 * each was cancelled.
 */
export async function findFirst(open: readonly OpenBranch[]): Promise<EndedBranch> {
  const ended: EndedBranch[] = []
  const missed = new Map<number, unknown>()
  await new Promise<void>((resolve, reject) => {
    const end = async ({ index, expectation }: OpenBranch): Promise<void> => {
      try {
        ended.push({ index, outcome: await expectation.outcome() })
        resolve()
      } catch (error) {
        missed.set(index, error)
        if (!isMissed(error)) reject(error)
        else if (missed.size === open.length) reject(allMissed(missed))
      }
    }
    for (const one of open) void end(one)
  })
  // Several may have come before their waits were open, or with one request.
  const [first, ...others] = ended
  if (first === undefined) throw new CallbackError('ERR_INTERNAL', { message: 'No branch has ended; this is a bug' })
  return others.reduce((one, other) => (isEarlier(other, one) ? other : one), first)
}

/**
 * Resolves to all outcomes in the order of the branches, or to the first one that says failure. A callback is for every
 * branch that waits for its id, also when it came before the branches were open. Rejects with the first error.
 */
export function findAll(open: readonly OpenBranch[]): Promise<readonly Outcome[]> {
  const outcomes = new Map<number, Outcome>()
  return new Promise((resolve, reject) => {
    function note(outcome: Outcome, from: OpenBranch): void {
      outcomes.set(from.index, outcome)
      for (const branch of open) {
        if (outcomes.has(branch.index) || !isWaitedFor(outcome, branch)) continue
        outcomes.set(branch.index, outcome)
        void branch.expectation.cancel()
      }
      if (outcome.outcome === 'failed') resolve([outcome])
      if (outcomes.size === open.length) resolve(open.flatMap(({ index }) => outcomes.get(index) ?? []))
    }

    async function follow(branch: OpenBranch): Promise<void> {
      try {
        const outcome = await branch.expectation.outcome()
        if (!outcomes.has(branch.index)) note(outcome, branch)
      } catch (error) {
        if (!outcomes.has(branch.index)) reject(error)
      }
    }

    if (open.length === 0) resolve([])
    for (const branch of open) void follow(branch)
  })
}

function isWaitedFor({ id, endpoint }: Outcome, { wait }: OpenBranch): boolean {
  return id !== undefined && wait.ids.includes(id) && wait.endpoints.some(({ key }) => key === endpoint)
}

function isEarlier(one: EndedBranch, other: EndedBranch): boolean {
  const difference = one.outcome.receivedAt - other.outcome.receivedAt
  return difference < 0 || (difference === 0 && one.index < other.index)
}

function isMissed(error: unknown): boolean {
  return hasCode(error, 'ERR_WAIT_TIMEOUT') || hasCode(error, 'ERR_ABORTED')
}

/** Quotes the branches in their order. */
function allMissed(missed: ReadonlyMap<number, unknown>): unknown {
  const [first, ...others] = [...missed].toSorted(([one], [other]) => one - other)
  const [, cause] = first ?? []
  const isAborted = [...missed.values()].every((error) => hasCode(error, 'ERR_ABORTED'))
  if (first === undefined || others.length === 0 || isAborted) return cause
  const quoted = [first, ...others].slice(0, MOST_QUOTED).map(([index, error]) => `(${index + 1}) ${reasonOf(error)}`)
  const more = missed.size > MOST_QUOTED ? ` … and ${missed.size - MOST_QUOTED} more` : ''
  const message = `None of the ${missed.size} branches had a callback in time: ${quoted.join(' ')}${more}`
  return new CallbackError('ERR_WAIT_TIMEOUT', { message, cause })
}
