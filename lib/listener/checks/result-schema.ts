import type { Clock, Outcome } from '../../base/contracts'
import { CallbackError } from '../../base/errors'
import { type CheckOutcome, type ChecksOf, createCheck } from '../../base/schemas/check-outcome'
import type { Mask } from '../../base/secrets/mask'
import { type MaybeLater, whenThere } from '../../base/values/later'
import type { EndpointSpec } from '../../config/normalize'

/** The schema of an endpoint's results. */
export interface ResultSchema {
  /**
   * Lets an outcome in: a success as it came, since a store keeps that, or a failure in place of one that does not fit. With
   * `on_mismatch: refuse` throws `ERR_RESULT_SCHEMA` instead, or rejects with it; with `ERR_SCHEMA_UNAVAILABLE` where the
   * schema could not be applied.
   */
  readonly admit: CheckOutcome
  /** Returns what the wait receives of an outcome, in the process that awaits it. */
  readonly read: CheckOutcome
}

/** Compiles `schema` and `on_mismatch` of an endpoint; undefined without a schema. */
export function compileResultSchema(
  { schema, onMismatch }: EndpointSpec,
  mask: Mask,
  clock: Clock,
): ResultSchema | undefined {
  if (schema === undefined) return undefined
  const read = createCheck(schema.schema, mask, clock)
  const admitChecked = (outcome: Outcome, checked: Outcome): Outcome => {
    if (checked.outcome === 'succeeded') return outcome
    if (onMismatch === 'refuse') throw refusalOf(checked.error)
    return checked
  }
  return {
    read,
    admit: (outcome): MaybeLater<Outcome> =>
      outcome.outcome === 'failed' ? outcome : whenThere(read(outcome), (checked) => admitChecked(outcome, checked)),
  }
}

/** A schema that throws or does not answer says nothing of the result: the sender is to send it again. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof CallbackError) || error.cause === undefined) return error
  const { message, cause, issues } = error
  return new CallbackError('ERR_SCHEMA_UNAVAILABLE', { message, cause, issues })
}

/** Creates the checks of all endpoints. */
export function createChecks(
  all: readonly { readonly key: string; readonly resultSchema: ResultSchema | undefined }[],
): ChecksOf {
  const schemas = new Map(all.flatMap(({ key, resultSchema }) => (resultSchema ? [[key, resultSchema] as const] : [])))
  const check: CheckOutcome = (outcome) => schemas.get(outcome.endpoint)?.read(outcome) ?? outcome
  return (endpoints) => (endpoints.some(({ key }) => schemas.has(key)) ? check : undefined)
}
