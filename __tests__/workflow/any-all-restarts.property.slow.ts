import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { FUZZ_MS, runs as times } from '../helpers/fuzz'
import { type Process, useDurable } from '../store/use-durable'
import { begin, deliver, type Hearing, takeUp } from './any-all-durable'
import { type Callback, Model, type WaitSpec } from './any-all-model'
import { ORDERS, type Orders, type Step } from './any-all-orders'

const world = useDurable()

const TICK_MS = 16

type DurableStep = Step | { readonly kind: 'kill' }

/** Kills the process that has the run at some moments of an order. */
const STORIES = fc.record({ orders: ORDERS, kills: fc.array(fc.nat(8), { minLength: 1, maxLength: 3 }) })

/** A run whose processes are killed now and then, beside the model of it. */
class Story {
  readonly model = new Model()
  #owner: Process | undefined
  #other: Process | undefined
  #hearing: Hearing | undefined
  #startedAt = 0
  #isBegun = false

  constructor(private readonly wait: WaitSpec) {}

  async open(): Promise<void> {
    this.#owner = await world.open()
    this.#other = await world.open()
  }

  /** What is told of the run in the process that has it. */
  get end(): unknown {
    return this.#hearing?.end
  }

  async take(step: DurableStep): Promise<void> {
    if (step.kind === 'begin') await this.#begin()
    if (step.kind === 'receive') await this.#receive(step.callbacks)
    if (step.kind === 'advance') await this.#pass(step.ms)
    if (step.kind === 'kill' && this.#isBegun && this.model.end === undefined) await this.#kill()
    await world.pass(0)
  }

  async #begin(): Promise<void> {
    if (this.#owner === undefined) return
    this.#startedAt = world.clock.now()
    this.#hearing = await begin(world, this.#owner, this.wait, this.#startedAt)
    this.#isBegun = true
    this.model.begin(this.wait)
  }

  async #receive(callbacks: readonly Callback[]): Promise<void> {
    for (const one of callbacks) {
      if (this.#other) await deliver(world, this.#other, one)
      await world.pass(0)
      this.model.receive([one])
    }
  }

  async #pass(ms: number): Promise<void> {
    await world.pass(ms)
    this.model.advance(ms)
  }

  /** Another process takes the run up, which takes a while. */
  async #kill(): Promise<void> {
    if (this.#owner === undefined || this.#other === undefined) return
    world.kill(this.#owner)
    this.#owner = this.#other
    this.#other = await world.open()
    const tick = (ms: number): void => this.model.advance(ms)
    const live = [this.#owner, this.#other]
    this.#hearing = await takeUp(world, live, this.wait, this.#startedAt, tick)
    // A wait whose time is up meanwhile ends with the next tick.
    await world.pass(0)
    await this.#pass(TICK_MS)
  }

  /** What becomes of one more callback for each id: whatever is open, settled or parked shows by that. */
  async probe(ids: readonly string[]): Promise<readonly unknown[]> {
    const found: unknown[] = []
    for (const id of ids)
      for (const path of ['/done', '/other'])
        if (this.#other) found.push(await deliver(world, this.#other, { id, path, value: 0, isGood: true }))
    return found
  }
}

async function play(wait: WaitSpec, steps: readonly DurableStep[]): Promise<void> {
  world.reset()
  const story = new Story(wait)
  await story.open()
  for (const step of steps) {
    await story.take(step)
    expect(story.end).toEqual(story.model.end)
  }
  if (story.model.end === undefined) return
  const ids = wait.branches.flatMap((branch) => branch.ids)
  // Where two branches wait for one id, the stores differ in what a third callback for it is.
  if (new Set(ids).size < ids.length) return
  expect(await story.probe(ids)).toEqual(story.model.probe(ids))
}

/** The order without what stops the run, which nobody does here. */
function storyOf({ runs }: Orders, kills: readonly number[]): readonly DurableStep[] {
  const [steps = []] = runs
  const kept: DurableStep[] = steps.filter(({ kind }) => kind === 'begin' || kind === 'receive' || kind === 'advance')
  for (const at of kills) kept.splice(at, 0, { kind: 'kill' })
  return kept
}

test(
  'any and all end as the model does when the process that has the run is killed, and leave no wait in the store',
  async () => {
    const property = fc.asyncProperty(STORIES, ({ orders, kills }) => {
      // Of two callbacks that were parked for two ids, or at two endpoints, of one wait, a durable store takes either.
      const branches = orders.wait.branches.map((branch) => ({
        ids: branch.ids.slice(0, 1),
        path: branch.path ?? '/done',
        ms: branch.ms,
      }))
      const wait: WaitSpec = { ...orders.wait, branches }
      // Branches that could not be told apart are refused before a wait is opened.
      return play(Model.overlaps(branches) ? { ...wait, mode: 'any' } : wait, storyOf(orders, kills))
    })
    await fc.assert(property, { numRuns: times(100) })
  },
  FUZZ_MS,
)
