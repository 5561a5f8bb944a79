import { badOption } from '../given-options'
import { isStandardSchema, SCHEMA_WANTED, type StandardSchema } from './standard-schema'

/** Reads the option `schema` of a method; undefined without one. Throws `ERR_CONFIG_VALUE` for what is no schema object. */
export function readSchema(schema: unknown): StandardSchema | undefined {
  if (schema === undefined || isStandardSchema(schema)) return schema
  const found = schema === null ? 'null' : `a ${typeof schema}`
  throw badOption('schema', `expected ${SCHEMA_WANTED}, found ${found}`)
}
