import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { Delivery, StoreEndpoint } from '../../lib/base/contracts'
import { DONE, NEWS, PLAIN, READY } from '../helpers/store-contract'
import { DAY, MINUTE, type Process, useDurable, type Watched } from './use-durable'
import { createRandom } from './wheel'

const world = useDurable()

type Step =
  | {
      readonly kind: 'wait'
      readonly at: number
      readonly ids: readonly string[]
      readonly on: readonly StoreEndpoint[]
      readonly ms: number
      readonly isKept: boolean
    }
  | { readonly kind: 'deliver'; readonly at: number; readonly id: string; readonly endpoint: StoreEndpoint }
  | { readonly kind: 'alias'; readonly which: number; readonly ids: readonly string[] }
  | { readonly kind: 'cancel'; readonly which: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'lose'; readonly is: boolean }
  | { readonly kind: 'away'; readonly ms: number }
  | { readonly kind: 'restart'; readonly at: number; readonly isKilled: boolean }

const IDS = ['a', 'b', 'c']

/** Things that happen at the same time, burst after burst. */
function burstsFor(endpoints: readonly StoreEndpoint[], hasTrouble: boolean): fc.Arbitrary<Step[][]> {
  const kind = <const Kind extends Step['kind']>(name: Kind): fc.Arbitrary<Kind> => fc.constant(name)
  const at = fc.nat(2)
  const ids = fc.subarray(IDS, { minLength: 1 })
  const on = fc.subarray([...endpoints], { minLength: 1 })
  const ms = fc.constantFrom(2000, MINUTE, 9 * MINUTE, 12 * MINUTE)
  const calm = [
    { weight: 4, arbitrary: fc.record({ kind: kind('wait'), at, ids, on, ms, isKept: fc.boolean() }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: kind('deliver'),
        at,
        id: fc.constantFrom(...IDS),
        endpoint: fc.constantFrom(...endpoints),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: kind('alias'), which: fc.nat(), ids }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('cancel'), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('pass'), ms }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('lose'), is: fc.boolean() }) },
  ]
  const trouble = [
    { weight: 1, arbitrary: fc.record({ kind: kind('away'), ms: fc.constantFrom(2000, MINUTE) }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('restart'), at, isKilled: fc.boolean() }) },
  ]
  const step = fc.oneof(...calm, ...(hasTrouble ? trouble : []))
  return fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 12 })
}

/** A wait, through all the processes that have had it. */
interface Tracked {
  readonly ids: Set<string>
  readonly on: readonly StoreEndpoint[]
  readonly until: number
  readonly kept: string | undefined
  at: number
  open: Watched
  /** Whether it may end without what came for it: it was cancelled, or its process is gone. */
  isGivenUp: boolean
  readonly ends: unknown[]
  /** The burst in which it was opened, and the one in which it ended. */
  readonly openedIn: number
  endedIn: number
}

interface Delivered {
  readonly result: number
  readonly id: string | undefined
  readonly endpoint: StoreEndpoint
  delivery: Delivery | 'refused' | undefined
}

class Story {
  readonly processes: Process[] = []
  readonly waits: Tracked[] = []
  readonly delivered: Delivered[] = []
  readonly starts = new Map<number, number>()
  hadOutage = false
  #burst = 0
  readonly #work: Promise<unknown>[] = []

  async begin(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) this.processes.push(await world.open())
  }

  async take(burst: readonly Step[]): Promise<void> {
    this.#burst += 1
    for (const step of burst) this.#start(step)
    await world.pass(0)
    for (const step of burst) await this.#goOn(step)
  }

  async end(): Promise<void> {
    world.ledgers.losesMessages = false
    // A wait looks for what came in time for a few seconds only, which pass at once in a leap.
    const isWaiting = this.waits.some(({ ends, isGivenUp }) => ends.length === 0 && !isGivenUp)
    await world.pass(isWaiting ? 13 * MINUTE : MINUTE)
    for (let hours = 0; hours < 10 * 24; hours += 6) {
      world.clock.advance(DAY / 4)
      await world.pass(0)
    }
    await Promise.all(this.#work)
  }

  #processAt(at: number): Process {
    const process = this.processes[at % this.processes.length]
    if (process === undefined) throw new Error('there is no process')
    return process
  }

  #start(step: Step): void {
    if (step.kind === 'wait') this.#wait(step)
    if (step.kind === 'deliver') this.#deliver(step)
    if (step.kind === 'lose') world.ledgers.losesMessages = step.is
    if (step.kind !== 'alias' && step.kind !== 'cancel') return
    const wait = this.waits[step.which % Math.max(this.waits.length, 1)]
    if (wait === undefined) return
    if (step.kind === 'cancel') {
      wait.isGivenUp = true
      return wait.open.cancel()
    }
    for (const id of step.ids) wait.ids.add(id)
    void wait.open.alias(step.ids)
  }

  async #goOn(step: Step): Promise<void> {
    if (step.kind === 'pass') await world.pass(step.ms)
    if (step.kind === 'away') {
      this.hadOutage = true
      world.ledgers.setAway(true)
      await world.pass(step.ms)
      world.ledgers.setAway(false)
      await world.pass(6000)
    }
    if (step.kind === 'restart') await this.#restart(step.at % this.processes.length, step.isKilled)
  }

  #wait({ at, ids, on, ms, isKept }: Extract<Step, { readonly kind: 'wait' }>): void {
    const index = at % this.processes.length
    const kept = isKept ? `wait-${this.waits.length}` : undefined
    this.#track(index, ids, on, ms, kept)
  }

  #track(at: number, ids: readonly string[], on: readonly StoreEndpoint[], ms: number, kept: string | undefined): void {
    const ends: unknown[] = []
    const tracked: Tracked = {
      ids: new Set(ids),
      on,
      until: world.clock.now() + ms,
      kept,
      at,
      open: this.#open(at, ids, on, ms, kept, ends, () => (tracked.endedIn = this.#burst)),
      isGivenUp: false,
      ends,
      openedIn: this.#burst,
      endedIn: Infinity,
    }
    this.waits.push(tracked)
  }

  #open(
    at: number,
    ids: readonly string[],
    on: readonly StoreEndpoint[],
    ms: number,
    kept: string | undefined,
    ends: unknown[],
    onEnd: () => void,
  ): Watched {
    const open: Watched = this.#processAt(at).wait(ids, {
      endpoints: on,
      timeoutMs: ms,
      kept,
      waiter: {
        onEnd(ending) {
          if (ending.kind === 'closed' && kept !== undefined) return
          ends.push(ending.kind === 'outcome' ? ending.outcome.result : ending.kind)
          queueMicrotask(onEnd)
          // A run keeps what came, and then says so.
          if (kept !== undefined) queueMicrotask(() => open.release?.())
        },
      },
    })
    return open
  }

  #deliver({ at, id: named, endpoint }: Extract<Step, { readonly kind: 'deliver' }>): void {
    const result = this.delivered.length
    const id = endpoint.anonymous ? undefined : named
    const delivered: Delivered = { result, id, endpoint, delivery: undefined }
    this.delivered.push(delivered)
    const start = endpoint.startsWorkflow
      ? (): void => void this.starts.set(result, (this.starts.get(result) ?? 0) + 1)
      : undefined
    const work = this.#processAt(at)
      .deliver(id, result, { endpoint, start })
      .then(
        (delivery) => (delivered.delivery = delivery),
        () => (delivered.delivery = 'refused'),
      )
    if (!this.#gone.has(this.#processAt(at))) this.#work.push(work)
  }

  readonly #gone = new Set<Process>()

  async #restart(at: number, isKilled: boolean): Promise<void> {
    const process = this.#processAt(at)
    const held = this.waits.filter((wait) => wait.at === at && wait.ends.length === 0 && !wait.isGivenUp)
    for (const wait of held) {
      if (wait.kept === undefined) wait.isGivenUp = true
      else if (!isKilled) wait.open.leave?.()
    }
    if (isKilled) world.kill(process)
    else await process.store.close()
    this.processes[at] = await world.open()
    for (const wait of held) {
      const left = Math.max(wait.until - world.clock.now(), 0)
      const ids = [...wait.ids]
      // What waited by hand is asked for again, as another wait.
      if (wait.kept === undefined) this.#track(at, ids, wait.on, left, undefined)
      else wait.open = this.#open(at, ids, wait.on, left, wait.kept, wait.ends, () => (wait.endedIn = this.#burst))
    }
    await world.pass(2000)
  }
}

function isFor({ ids, on }: Tracked, { id, endpoint }: Delivered): boolean {
  return on.includes(endpoint) && (id === undefined || ids.has(id))
}

function check(story: Story): void {
  const { waits, delivered } = story
  for (const wait of waits) {
    expect(wait.ends.length).toBeLessThanOrEqual(1)
    if (!wait.isGivenUp) expect(wait.ends.length).toBe(1)
    const [end] = wait.ends
    const got = delivered.find(({ result }) => result === end)
    if (got) expect(isFor(wait, got)).toBe(true)
  }
  for (const one of delivered) {
    const believers = waits.filter(({ ends }) => ends.includes(one.result))
    const isForgotten = world.forgotten.includes(one.result)
    if (one.id === undefined) expect(believers.length).toBeLessThanOrEqual(1)
    // Waits that are open together share a result, but one that is opened when another has it does not.
    const firstEnd = Math.min(...believers.map(({ endedIn }) => endedIn))
    const late = believers.filter(({ openedIn, kept }) => openedIn > firstEnd && kept === undefined)
    if (!story.hadOutage) expect(late).toEqual([])
    if (believers.length > 0) expect(isForgotten).toBe(false)
    if (one.delivery === 'duplicate' || one.delivery === 'started') expect(believers).toEqual([])
    // Nothing that was acknowledged is lost: whoever waited has something else, or is gone.
    const others = waits.filter((wait) => isFor(wait, one))
    const isInVain = others.some(
      ({ ends, isGivenUp }) => isGivenUp || (ends[0] !== one.result && typeof ends[0] === 'number'),
    )
    if (one.delivery === 'settled' && !story.hadOutage) expect(believers.length > 0 || isInVain).toBe(true)
    if (one.delivery === 'parked') expect(believers.length > 0 || isForgotten || isInVain).toBe(true)
    if (one.delivery === 'parked' && one.id === undefined && !story.hadOutage)
      expect(believers.length > 0 || isForgotten || others.some(({ isGivenUp }) => isGivenUp)).toBe(true)
  }
  for (const { store } of story.processes) expect(store.stats()).toEqual({ waiting: 0, parked: 0 })
  expect([world.ledgers.count('key'), world.ledgers.count('mark')]).toEqual([0, 0])
}

async function follow(processes: number, bursts: readonly (readonly Step[])[], seed: number): Promise<void> {
  world.reset()
  const story = new Story()
  const random = createRandom(seed)
  // Appends of other processes get in between.
  world.ledgers.beforeAppend = async () => {
    for (let turns = random(4); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve))
  }
  await story.begin(processes)
  for (const burst of bursts) await story.take(burst)
  await story.end()
  check(story)
}

test.each([
  ['one process', 1, false],
  ['two processes', 2, false],
  ['one process, and trouble', 1, true],
  ['three processes, and trouble', 3, true],
])(
  'no callback that was acknowledged is lost or believed twice, every wait ends, and nothing is left: %s',
  async (_, processes, hasTrouble) => {
    for (const endpoints of [[DONE, READY], [PLAIN, DONE], [NEWS]]) {
      await fc.assert(
        fc.asyncProperty(burstsFor(endpoints, hasTrouble), fc.nat(), (bursts, seed) => follow(processes, bursts, seed)),
        { numRuns: 10 },
      )
    }
  },
  120_000,
)
