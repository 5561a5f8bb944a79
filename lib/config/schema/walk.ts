import type * as v from 'valibot'
import { isMapping } from '../../base/plain'

// What valibot's schemas are made of, for those who walk over a value and its schema together.

export type Schema = v.GenericSchema
export type ObjectSchema = Schema & { readonly entries: Readonly<Record<string, Schema>> }
type ListSchema = Schema & { readonly item: Schema }
type RecordSchema = Schema & { readonly value: Schema }
type UnionSchema = Schema & { readonly options: readonly Schema[] }
type LiteralSchema = Schema & { readonly literal: unknown }
type WordSchema = Schema & { readonly options: readonly string[] }
type WrapperSchema = Schema & { readonly wrapped: Schema }
type LazySchema = Schema & { readonly getter: (input: unknown) => Schema }

/** The schemas of which a value must fit one, without wrappers and nested unions. */
export function listAlternatives(schema: Schema): readonly Schema[] {
  const inner = unwrap(schema)
  return isUnionSchema(inner) ? inner.options.flatMap(listAlternatives) : [inner]
}

/** The schema behind `optional` and `lazy`. */
export function unwrap(schema: Schema): Schema {
  if (isWrapper(schema)) return unwrap(schema.wrapped)
  return isLazySchema(schema) ? unwrap(schema.getter(undefined)) : schema
}

/** Whether a schema is one of the value's structure: a list, or a mapping. */
export function fitsStructure(schema: Schema, value: unknown): boolean {
  if (Array.isArray(value)) return isListSchema(schema)
  return isMapping(value) && (isObjectSchema(schema) || isRecordSchema(schema))
}

export const isObjectSchema = (schema: Schema): schema is ObjectSchema => schema.type === 'strict_object'
export const isListSchema = (schema: Schema): schema is ListSchema => schema.type === 'array'
export const isRecordSchema = (schema: Schema): schema is RecordSchema => schema.type === 'record'
export const isUnionSchema = (schema: Schema): schema is UnionSchema => schema.type === 'union'
export const isLiteralSchema = (schema: Schema): schema is LiteralSchema => schema.type === 'literal'
export const isWordSchema = (schema: Schema): schema is WordSchema => schema.type === 'picklist'
const isWrapper = (schema: Schema): schema is WrapperSchema => schema.type === 'optional'
const isLazySchema = (schema: Schema): schema is LazySchema => schema.type === 'lazy'
