import { CallbackError, hasCode, reasonOf } from '../../base/errors'
import type { Outcome } from '../../base/contracts'
import type { Expectation, RunEntry } from '../../base/run'
import type { Call } from '../call'
import type { Branch } from './branches'
import { resultOf } from './completion'

/** How many branches a message quotes. */
const MOST_QUOTED = 5

/**
 * Waits for the first callback of several branches, whether it says success or failure, and returns its result. The other
 * waits are cancelled. Throws `ERR_CALLBACK_FAILED`, and `ERR_WAIT_TIMEOUT` when no branch had a callback in time.
 */
export async function awaitFirst(call: Call, branches: readonly Branch[]): Promise<unknown> {
  const isDecisive = ({ error }: RunEntry): boolean => error === undefined
  const { index, outcome } = await whileOpen(call, branches, isDecisive, findFirst)
  const name = branches[index]?.name ?? null
  call.onBranch({ index, name, id: outcome.id ?? null, endpoint: outcome.endpoint })
  return resultOf(outcome)
}

/**
 * Waits for the callbacks of all branches, and returns their results: a list in the order of the branches, or a mapping
 * when they have names. The first branch that fails, or has no callback in time, ends the others and is thrown.
 */
export async function awaitAll(call: Call, branches: readonly Branch[]): Promise<unknown> {
  const isDecisive = ({ error, value }: RunEntry): boolean =>
    error !== undefined || (value as Outcome).outcome === 'failed'
  const results = await whileOpen(call, branches, isDecisive, (open) =>
    Promise.all(open.map(async ({ expectation }) => resultOf(await expectation.outcome()))),
  )
  const names = branches.flatMap(({ name }) => name ?? [])
  return names.length === 0 ? results : Object.fromEntries(names.map((name, index) => [name, results[index]]))
}

/** A branch that is waited for. */
interface OpenBranch {
  /** Its place among all branches, from 0. */
  readonly index: number
  readonly expectation: Expectation
}

/**
 * Does work with the open waits of branches. What has not ended by then is cancelled before this settles, in the store
 * too. When a run was taken up again for which the ends of some branches decide, the others are not opened again: a
 * callback that came for them meanwhile is for another wait.
 */
async function whileOpen<T>(
  call: Call,
  branches: readonly Branch[],
  isDecisive: (end: RunEntry) => boolean,
  work: (open: readonly OpenBranch[]) => Promise<T>,
): Promise<T> {
  const { run } = call
  const waits = branches.map(({ wait }, index) => ({ index, wait, name: `${call.name}/wait/${index}` }))
  const ends = waits.map(({ name }) => run.endOf(name))
  const isDecided = ends.some((end) => end !== undefined && isDecisive(end))
  const [wanted, others] = isDecided
    ? [waits.filter(({ index }) => ends[index]), waits.filter(({ index }) => !ends[index])]
    : [waits, []]
  await Promise.all(others.map(({ name, wait }) => run.forgo(name, wait)))
  const opening = wanted.map(async ({ name, wait, index }) => ({ index, expectation: await run.expect(name, wait) }))
  try {
    const open = await Promise.all(opening)
    call.onWaiting([...new Set(wanted.flatMap(({ wait }) => wait.ids))])
    return await work(open)
  } finally {
    const opened = await Promise.allSettled(opening)
    await Promise.all(opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value.expectation.cancel()] : [])))
  }
}

/** A branch with the outcome that its callback brought. */
interface EndedBranch {
  readonly index: number
  readonly outcome: Outcome
}

/** Resolves to the outcome that came first. Branches whose time is up are left out, unless there is no other. */
async function findFirst(open: readonly OpenBranch[]): Promise<EndedBranch> {
  const ended: EndedBranch[] = []
  const missed: unknown[] = []
  await new Promise<void>((resolve, reject) => {
    const end = async ({ index, expectation }: OpenBranch): Promise<void> => {
      try {
        ended.push({ index, outcome: await expectation.outcome() })
        resolve()
      } catch (error) {
        missed.push(error)
        if (!hasCode(error, 'ERR_WAIT_TIMEOUT')) reject(error)
        else if (missed.length === open.length) reject(allMissed(missed))
      }
    }
    for (const one of open) void end(one)
  })
  // Several may have come before their waits were open, or with one request.
  const [first, ...others] = ended
  if (first === undefined) throw new CallbackError('ERR_INTERNAL', { message: 'No branch has ended; this is a bug' })
  return others.reduce((one, other) => (isEarlier(other, one) ? other : one), first)
}

function isEarlier(one: EndedBranch, other: EndedBranch): boolean {
  const difference = one.outcome.receivedAt - other.outcome.receivedAt
  return difference < 0 || (difference === 0 && one.index < other.index)
}

function allMissed(errors: readonly unknown[]): unknown {
  const [first, ...others] = errors
  if (others.length === 0) return first
  const quoted = errors.slice(0, MOST_QUOTED).map((error, index) => `(${index + 1}) ${reasonOf(error)}`)
  const more = errors.length > MOST_QUOTED ? ` … and ${errors.length - MOST_QUOTED} more` : ''
  const message = `None of the ${errors.length} branches had a callback in time: ${quoted.join(' ')}${more}`
  return new CallbackError('ERR_WAIT_TIMEOUT', { message, cause: first })
}
