/**
 * A schema of any library that follows Standard Schema 1 (https://standardschema.dev), such as zod, valibot and arktype. It is
 * described by the shape that is called, so that none of them is a dependency.
 */
export interface StandardSchema<Input = unknown, Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    /** Only for the type checker. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema says of a value: what it makes of it, or what does not fit. */
export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] }

/** One thing that does not fit. */
export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** One thing that does not fit a schema: where it stands in the value, such as `items[0].price`, and what is wrong. */
export interface SchemaIssue {
  /** Empty for the whole value. */
  readonly path: string
  readonly message: string
}

/** The type of what a schema makes of a value. */
export type InferOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']

/** How messages call a schema. */
export const SCHEMA_WANTED =
  'a schema object of zod, valibot, arktype or another library that follows Standard Schema 1'

/** Whether a value is a Standard Schema. The schemas of some libraries are functions. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard: unknown = Reflect.get(value, '~standard')
  if (typeof standard !== 'object' || standard === null) return false
  return Reflect.get(standard, 'version') === 1 && typeof Reflect.get(standard, 'validate') === 'function'
}

/** A schema in a config. Its inside is hidden, so that nothing that copies or freezes a config changes the schema of the app. */
export class GivenSchema {
  readonly #schema: StandardSchema

  constructor(schema: StandardSchema) {
    this.#schema = schema
  }

  get schema(): StandardSchema {
    return this.#schema
  }
}
