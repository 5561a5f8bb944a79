import type { Clock } from '../contracts'
import type { Outcome, StoreEndpoint } from '../outcome'
import type { Mask } from '../secrets/mask'
import { type MaybeLater, whenThere } from '../values/later'
import { describeIssues, type Fit, fit, unfit } from './fit'
import type { StandardSchema } from './standard-schema'

/**
 * Returns a success with what its schema makes of the result, or a failure with `ERR_RESULT_SCHEMA` in place of one that does
 * not fit; a failure as it is. Never throws or rejects. Returns the same for the same outcome, which is validated once.
 */
export type CheckOutcome = (outcome: Outcome) => MaybeLater<Outcome>

/** Returns the check of the outcomes that waits on these endpoints end with; undefined where none of them has a schema. */
export type ChecksOf = (endpoints: readonly StoreEndpoint[]) => CheckOutcome | undefined

/** Creates the check of outcomes by a schema. */
export function createCheck(schema: StandardSchema, mask: Mask, clock: Clock): CheckOutcome {
  return once((outcome) => whenThere(fit(schema, outcome.result, clock), (found) => applyFit(outcome, found, mask)))
}

/** Creates a check that applies two in turn; one of them may be missing. */
export function chainChecks(first: CheckOutcome | undefined, second: CheckOutcome): CheckOutcome {
  if (first === undefined) return second
  return once((outcome) => whenThere(first(outcome), second))
}

/** A success that does not fit keeps what it was in the error. */
function applyFit(outcome: Outcome, found: Fit, mask: Mask): Outcome {
  if (found.isFit) return { ...outcome, result: found.value }
  const { id, endpoint, status, result, body } = outcome
  const whose = id === undefined ? '' : ` for ${JSON.stringify(id)}`
  const callback = { id, endpoint, status, result, body }
  const error = unfit(`The result that ${endpoint} received${whose}`, found, mask, { callback })
  return { ...outcome, outcome: 'failed', result: undefined, reason: describeIssues(found.issues, mask), error }
}

function once(check: CheckOutcome): CheckOutcome {
  const known = new WeakMap<Outcome, MaybeLater<Outcome>>()
  return (outcome) => {
    if (outcome.outcome === 'failed') return outcome
    const checked = known.get(outcome) ?? check(outcome)
    known.set(outcome, checked)
    return checked
  }
}
