import type { Clock } from '../contracts'
import { CallbackError, type ErrorDetails, reasonOf } from '../errors'
import type { Mask } from '../secrets/mask'
import { beforeDeadline, startTimer } from '../timers'
import { formatPath } from '../values/config-path'
import { isLater } from '../values/later'
import type { SchemaIssue, StandardIssue, StandardResult, StandardSchema } from './standard-schema'

/** What a schema makes of a value, or why the value does not fit. */
export type Fit = { readonly isFit: true; readonly value: unknown } | Unfit

interface Unfit {
  readonly isFit: false
  readonly issues: readonly SchemaIssue[]
  /** Why the schema could not be applied, so that nothing is known of the value. */
  readonly cause?: Error | undefined
}

/** How many issues are kept and how many a message names, and how long the text of one may be. */
const MAX_ISSUES = 100
const NAMED = 5
const MAX_MESSAGE = 200

/** How long an asynchronous schema may take: senders and waits are held meanwhile. */
const MAX_MS = 10_000

/**
 * Validates a value. Never throws or rejects: a schema that does so fits nothing, and so does one that has not answered within
 * ten seconds. Returns a promise only where the schema does.
 */
export function fit(schema: StandardSchema, value: unknown, clock: Clock): Fit | Promise<Fit> {
  try {
    const result = schema['~standard'].validate(value)
    if (!isLater(result)) return toFit(result)
    const late = (): Error => new Error(`it did not answer within ${MAX_MS / 1000} s`)
    return beforeDeadline(Promise.resolve(result), (_resolve, reject) =>
      startTimer(clock, MAX_MS, () => reject(late())),
    )
      .then(toFit)
      .catch(toBroken)
  } catch (error) {
    return toBroken(error)
  }
}

function toFit(result: StandardResult<unknown>): Fit {
  const { issues } = result
  if (issues === undefined) return { isFit: true, value: result.value }
  return { isFit: false, issues: issues.slice(0, MAX_ISSUES).map(toIssue) }
}

function toBroken(reason: unknown): Fit {
  const message = `the schema could not be applied: ${reasonOf(reason)}`
  const cause = reason instanceof Error ? reason : new Error(message, { cause: reason })
  return { isFit: false, issues: [{ path: '', message }], cause }
}

function toIssue({ message, path = [] }: StandardIssue): SchemaIssue {
  const keys = path.map((step) => (typeof step === 'object' ? step.key : step))
  return {
    path: formatPath(keys.map((key) => (typeof key === 'symbol' ? String(key) : key))),
    message: reasonOf(message),
  }
}

/** Lists issues in one text, as in `items[0].price: expected a number`; each is cut, and only some are named. */
export function describeIssues(issues: readonly SchemaIssue[], mask: Mask): string {
  const named = issues.slice(0, NAMED).map(({ path, message }) => {
    const text = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message
    return path === '' ? text : `${path}: ${text}`
  })
  const more = issues.length > NAMED ? [`and ${issues.length - NAMED} more`] : []
  return mask([...named, ...more].join('; ')) || 'the schema gives no reason'
}

/** Creates the error of a value that does not fit its schema; `what` names the value in the message. */
export function unfit(
  what: string,
  { issues, cause }: Unfit,
  mask: Mask,
  details: Omit<ErrorDetails, 'message'> = {},
): CallbackError {
  const message = `${what} does not fit its schema: ${describeIssues(issues, mask)}`
  const shown = issues.map((issue) => ({ path: issue.path, message: mask(issue.message) }))
  return new CallbackError('ERR_RESULT_SCHEMA', { ...details, message, cause, issues: shown })
}
