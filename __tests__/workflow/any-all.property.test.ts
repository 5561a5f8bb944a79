import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { callbacks, type CallbacksConfig } from '../../lib'
import { createFakeClock } from '../helpers/fake-clock'
import { FUZZ_MS, runs } from '../helpers/fuzz'
import { type Callback, type End, Model } from './any-all-model'
import { type Order, ORDERS, type Step, type WaitSpec } from './any-all-orders'

const quiet = (): void => undefined
const LOGGER = { debug: quiet, info: quiet, warn: quiet, error: quiet }

function configOf({ mode, branches, ms }: WaitSpec): CallbacksConfig {
  const list = branches.map(({ ids, path, ms: timeout }) => ({ id: ids, path, timeout }))
  const endpoint = { identify_by: '${body.id}', workflow: false } as const
  return {
    listener: {
      callbacks: [
        { path: '/done', ...endpoint },
        { path: '/other', ...endpoint },
      ],
    },
    workflow: { jobs: [{ id: 'hear', wait_for: { [mode]: list, timeout: ms } }] },
  }
}

/** Lets happen what is due. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Plays an order with the real thing, and gives all that the model knows after each step. */
async function play({ wait, steps }: Order): Promise<void> {
  const clock = createFakeClock()
  const hooks = callbacks(configOf(wait), { clock, logger: LOGGER })
  const controller = new AbortController()
  const model = new Model()
  let end: End | undefined
  let stop: (() => Promise<unknown>) | undefined

  async function begin(): Promise<void> {
    const task = await hooks.submit(undefined, { signal: controller.signal })
    stop = () => task.cancel()
    task.result().then(
      (output) => (end = { output }),
      ({ code, id }: { readonly code: string; readonly id?: string }) =>
        (end = code === 'ERR_CALLBACK_FAILED' && id !== undefined ? { code, id } : { code }),
    )
  }

  async function receive(all: readonly Callback[]): Promise<void> {
    const coming = all.map(({ id, path, isGood, value }) =>
      isGood ? hooks.settle(id, value, { path }) : hooks.fail(id, value, { path }),
    )
    await Promise.all(coming)
  }

  async function take(step: Step): Promise<void> {
    if (step.kind === 'begin') await begin()
    if (step.kind === 'receive') await receive(step.callbacks)
    if (step.kind === 'advance') clock.advance(step.ms)
    if (step.kind === 'abort') controller.abort(new Error('not wanted'))
    if (step.kind === 'cancel') await stop?.()
    if (step.kind === 'close') await hooks.close()
    await settle()
  }

  for (const step of steps) {
    await take(step)
    follow(model, step, wait)
    const { waiting, parked } = hooks.stats()
    const isOver = model.end !== undefined
    expect({ end, isWaiting: waiting > 0 }).toEqual({
      end: model.end,
      isWaiting: step.kind !== 'close' && model.waiting > 0,
    })
    if (isOver) expect(waiting).toBe(0)
    if (step.kind === 'close') break
    expect(parked).toBe(model.parked.length)
  }
  await hooks.close()
  await settle()
  expect(hooks.stats().waiting).toBe(0)
  expect(clock.timers).toBe(0)
}

function follow(model: Model, step: Step, wait: WaitSpec): void {
  if (step.kind === 'begin') model.begin(wait)
  if (step.kind === 'receive') model.receive(step.callbacks)
  if (step.kind === 'advance') model.advance(step.ms)
  if (step.kind === 'abort') model.stop('ERR_ABORTED')
  if (step.kind === 'cancel') model.stop('ERR_CANCELLED')
  if (step.kind === 'close') model.stop('ERR_CLOSED')
}

test(
  'any and all end as the model does, whatever comes in whatever order, and leave no wait open',
  () => fc.assert(fc.asyncProperty(ORDERS, play), { numRuns: runs(500) }),
  FUZZ_MS,
)
