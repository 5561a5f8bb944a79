import type * as Arktype from 'arktype' with { 'resolution-mode': 'import' }
import * as v from 'valibot'
import { z } from 'zod'
import type { StandardSchema } from '../../lib'

// arktype is an ES module, which Jest makes a CommonJS module of.
const { type }: typeof Arktype = require('arktype')

/** What a schema of this table makes of `{ id: 'a', items: [{ price: '7' }] }`. */
export interface Order {
  readonly id: string
  readonly items: readonly { readonly price: number }[]
}

/** One schema in each library: the price of an item is written as a text and is read as a number. */
export const ZOD = z.object({
  id: z.string(),
  items: z.array(z.object({ price: z.string().transform((text) => Number(text)) })),
})
export const VALIBOT = v.object({
  id: v.string(),
  items: v.array(v.object({ price: v.pipe(v.string(), v.transform(Number)) })),
})
export const ARKTYPE = type({
  id: 'string',
  items: type({ price: type('string').pipe((text) => Number(text)) }).array(),
})

export const SCHEMAS: readonly (readonly [string, StandardSchema])[] = [
  ['zod', ZOD],
  ['valibot', VALIBOT],
  ['arktype', ARKTYPE],
  ['a schema of zod that is asynchronous', ZOD.refine(async () => true)],
  [
    'a schema of valibot that is asynchronous',
    v.pipeAsync(
      VALIBOT,
      v.checkAsync(async () => true),
    ),
  ],
]

/** A schema of an app of its own, which counts how often it validates. */
export function createSchema(
  validate: (value: unknown) => unknown,
): StandardSchema & { readonly seen: readonly unknown[] } {
  const seen: unknown[] = []
  return {
    seen,
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value) {
        seen.push(value)
        return validate(value) as { readonly value: unknown }
      },
    },
  }
}
