import * as v from 'valibot'
import { isMapping } from '../../base/plain'
import { isUntyped, type Shape } from '../schema/fields'
import { type Schema, unwrap } from '../schema/walk'

// What other systems of this kind read in a config (model-compose first of all), and what becomes of it here.

/** What a mapping may hold that cannot be taken over. Each is refused in one line. */
export interface Refusals {
  /** Keys without effect that the schema does not have, each with the reason. */
  readonly ignored?: Readonly<Record<string, string>>
  /** Keys, each with the reason and what to do. */
  readonly keys?: Readonly<Record<string, string>>
  readonly type?: TypeRefusal
}

/** What the key `type` of a mapping may say, and what it says in other systems. */
export interface TypeRefusal {
  /** What the mapping describes, such as `component`. */
  readonly what: string
  readonly known: readonly string[]
  /** Types of other systems; a type that resembles none of `known` counts as one of them. */
  readonly foreign: readonly string[]
  readonly advice: string
  /** What is read in place of the refused mapping, beside its id, so that it has no other problem. */
  readonly standIn: Readonly<Record<string, string>>
}

/** Creates an optional key that has no effect here: it is taken with a warning, which gives the reason. */
export function ignored(reason: string): v.OptionalSchema<Shape<unknown>, undefined> {
  const anything: Shape<unknown> = v.pipe(
    v.unknown(),
    v.description(`No effect here: ${reason}`),
    v.metadata({ holds: 'template', ignored: reason }),
  )
  return v.optional(anything)
}

/** Returns why a key has no effect here, or undefined when it has one. */
export function reasonToIgnore(schema: Schema): string | undefined {
  const inner = unwrap(schema)
  if (!isUntyped(inner)) return undefined
  const reason = v.getMetadata(inner)['ignored']
  return typeof reason === 'string' ? reason : undefined
}

/** Returns the schema of a mapping with what it refuses in plain words. */
export function refusing<T>(schema: Shape<T>, refusals: Refusals): Shape<T> {
  return v.pipe(schema, v.metadata({ refusals }))
}

/** Returns what the schema of a mapping refuses in plain words. */
export function refusalsOf(schema: Schema): Refusals {
  const { refusals } = v.getMetadata(schema)
  return isRefusals(refusals) ? refusals : {}
}

function isRefusals(value: unknown): value is Refusals {
  return isMapping(value)
}
