import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { type Callbacks, callbacks, type CallbacksConfig } from '../../lib'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'
import { FUZZ_MS, runs as times } from '../helpers/fuzz'
import { type Callback, type End, Model, type WaitSpec } from './any-all-model'
import { type Orders, ORDERS, type Step } from './any-all-orders'

const quiet = (): void => undefined
const LOGGER = { debug: quiet, info: quiet, warn: quiet, error: quiet }

/** Each run of the job has ids of its own. */
function configOf({ mode, branches, ms }: WaitSpec): CallbacksConfig {
  const list = branches.map(({ ids, path, ms: timeout }) => ({ id: ids.map((id) => `\${input} ${id}`), path, timeout }))
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
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** One run of the job. */
class Run {
  end: End | undefined = undefined
  readonly #controller = new AbortController()
  #cancel = async (): Promise<unknown> => undefined

  constructor(
    private readonly name: string,
    private readonly hooks: Callbacks,
    private readonly clock: FakeClock,
  ) {}

  async take(step: Step): Promise<void> {
    if (step.kind === 'begin') await this.#begin()
    if (step.kind === 'receive') await Promise.all(step.callbacks.map((one) => this.#receive(one)))
    if (step.kind === 'advance') this.clock.advance(step.ms)
    if (step.kind === 'abort') this.#controller.abort(new Error('not wanted'))
    if (step.kind === 'cancel') await this.#cancel()
    if (step.kind === 'close') await this.hooks.close()
    await settle()
  }

  async #begin(): Promise<void> {
    const task = await this.hooks.submit(this.name, { signal: this.#controller.signal })
    this.#cancel = () => task.cancel()
    task.result().then(
      (output) => (this.end = { output }),
      ({ code, id }: { readonly code: string; readonly id?: string }) =>
        (this.end = id === undefined ? { code } : { code, id: id.replace(`${this.name} `, '') }),
    )
  }

  #receive({ id, path, isGood, value }: Callback): Promise<unknown> {
    const own = `${this.name} ${id}`
    return isGood ? this.hooks.settle(own, value, { path }) : this.hooks.fail(own, value, { path })
  }
}

let played = 0

/** Plays orders with the real thing and with the model, and compares the two after each step. */
async function play({ wait, runs }: Orders): Promise<void> {
  const clock = createFakeClock()
  const hooks = callbacks(configOf(wait), { clock, logger: LOGGER })
  let parkedBefore = 0
  let isClosed = false
  for (const [index, steps] of runs.entries()) {
    const run = new Run(`run ${index}`, hooks, clock)
    const model = new Model()
    const left: readonly Step[] = isClosed ? [] : steps
    played += isClosed ? 0 : 1
    for (const step of left) {
      await run.take(step)
      follow(model, step, wait)
      isClosed = step.kind === 'close'
      const { waiting, parked } = hooks.stats()
      expect({ end: run.end, isWaiting: waiting > 0 }).toEqual({ end: model.end, isWaiting: model.waiting > 0 })
      if (isClosed) break
      expect(parked).toBe(parkedBefore + model.parked.length)
    }
    if (model.end === undefined) await run.take({ kind: 'cancel' })
    expect(hooks.stats().waiting).toBe(0)
    parkedBefore += model.parked.length
  }
  await hooks.close()
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

// 100,000 orders: FUZZ_TIMES=130.
test(
  'any and all end as the model does, whatever comes in whatever order, and leave no wait open',
  async () => {
    await fc.assert(fc.asyncProperty(ORDERS, play), { numRuns: times(50) })
    expect(played).toBeGreaterThan(times(700))
  },
  FUZZ_MS,
)
