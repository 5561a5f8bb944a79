import { GivenSchema, SCHEMA_WANTED, type StandardSchema } from '../../base/schemas/standard-schema'
import type { Value } from './values'

/** A schema object from code. No text can hold one, and so none fits in the JSON Schema of YAML files. */
export const SCHEMA: Value<StandardSchema, GivenSchema> = {
  form: 'value',
  expected:
    `${SCHEMA_WANTED}; it is given in code: write the config as an object, or give the schema to wait(), ticket() or run(), ` +
    'as in wait(id, { schema })',
  json: { not: {} },
  takes: [],
  read: (value) => (value instanceof GivenSchema ? value : undefined),
}
