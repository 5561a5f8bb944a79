import { expect, test } from '@jest/globals'
import type { Callbacks, CallbacksConfig, FullResult, InferOutput, StandardSchema, Ticket } from '../../lib'
import { ARKTYPE, type Order, VALIBOT, ZOD } from '../helpers/schemas'

/** True when the types are the same; never true for `any`. */
type Same<A, B> = 0 extends 1 & A ? false : [A, B] extends [B, A] ? true : false
type Assert<T extends true> = T

interface Image {
  readonly url: string
}

// Only the type checker reads this function: it fails where a type is another one.
export function typesOf(hooks: Callbacks, zod = ZOD, valibot = VALIBOT, ark = ARKTYPE) {
  const waits = [
    hooks.wait('a', { schema: zod }),
    hooks.wait('a', { schema: valibot, timeout: '5m' }),
    hooks.wait(['a', 1], { schema: ark, key: 'k', full: false }),
    hooks.run({}, { schema: zod }),
    hooks.run({}, { schema: valibot, workflow: 'w' }),
    hooks.run(undefined, { schema: ark }),
    hooks.ticket({ schema: zod }).result,
    hooks.ticket({ schema: valibot, path: '/done' }).result,
    hooks.ticket({ schema: ark, key: undefined }).result,
  ] as const
  const full = [
    hooks.wait('a', { schema: zod, full: true }),
    hooks.wait('a', { schema: valibot, full: true }),
    hooks.wait('a', { schema: ark, full: true }),
  ] as const
  const keyed = [
    hooks.ticket({ schema: zod, key: 'k' }),
    hooks.ticket({ schema: valibot, key: 'k' }),
    hooks.ticket({ schema: ark, key: 'k' }),
  ] as const
  const unknowns = [
    hooks.wait('a'),
    hooks.wait('a', { schema: undefined }),
    hooks.run(),
    hooks.ticket().result,
  ] as const
  const named = [hooks.wait<Image>('a'), hooks.run<Image>({}), hooks.ticket<Image>().result] as const
  const config: CallbacksConfig = { listener: { path: '/done', schema: zod, on_mismatch: 'refuse' } }

  type Mutable = { id: string; items: { price: number }[] }
  const checks: [
    Assert<Same<(typeof waits)[number], Promise<Mutable>>>,
    Assert<Same<(typeof full)[number], Promise<FullResult<Mutable>>>>,
    Assert<Same<(typeof keyed)[number], Promise<Ticket<Mutable>>>>,
    Assert<Same<(typeof unknowns)[number], Promise<unknown>>>,
    Assert<Same<(typeof named)[number], Promise<Image>>>,
    Assert<Same<InferOutput<typeof zod>, Mutable>>,
    Assert<Same<InferOutput<StandardSchema<string, Date>>, Date>>,
  ] = [true, true, true, true, true, true, true]

  const order: Promise<Order> = hooks.wait('a', { schema: zod })
  // @ts-expect-error a mapping is no schema
  void hooks.wait('a', { schema: { type: 'object' } })
  // @ts-expect-error the price is a number
  const text: Promise<{ items: readonly { price: string }[] }> = hooks.wait('a', { schema: valibot })
  // @ts-expect-error tasks have no schema
  void hooks.submit({}, { schema: ark })
  // @ts-expect-error there are two ways to deal with it
  const wrong: CallbacksConfig = { listener: { path: '/done', on_mismatch: 'ignore' } }
  return { checks, config, order, text, wrong }
}

test('the types of schemas are those of results', () => {
  expect(typesOf).toBeInstanceOf(Function)
})
