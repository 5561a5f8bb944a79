import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { Judged, Store } from '../../lib/base/contracts'
import { createMemoryStore } from '../../lib/store/registry'
import { type Came, Inbox } from '../../lib/store/each/inbox'
import { Iteration } from '../../lib/store/each/iteration'
import { createKeyedIterations, type KeyedIterations } from '../../lib/store/each/keyed-iterations'
import { createFakeClock } from '../helpers/fake-clock'
import { createOutcome, DONE } from '../helpers/store-contract'
import { MINUTE, type Process, useDurable } from '../store/use-durable'
import { createRandom } from '../store/wheel'

const world = useDurable()
const LIMITS = { max: 4, maxBytes: 1e6 }
const LAST = 1000
const PARK = { forMs: 10 * MINUTE, max: LIMITS.max, maxBytes: LIMITS.maxBytes }

type Step =
  | { readonly kind: 'send' | 'restart' | 'close'; readonly at: number }
  | { readonly kind: 'ask'; readonly at: number }
  | { readonly kind: 'read' | 'break' | 'abort' | 'lose' | 'find' }
  | { readonly kind: 'pass' | 'away'; readonly ms: number }

const AT = fc.nat(2)
const stepOf = <const Kind extends Step['kind']>(kind: Kind) => fc.constant(kind)

const STEPS = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: stepOf('send'), at: AT }) },
    { weight: 8, arbitrary: fc.record({ kind: stepOf('read') }) },
    { weight: 2, arbitrary: fc.record({ kind: stepOf('ask'), at: AT }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('break', 'abort', 'lose', 'find') }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom('pass', 'away'), ms: fc.constantFrom(10, 2000, MINUTE) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('restart', 'close'), at: AT }) },
  ),
  { minLength: 5, maxLength: 60 },
) as fc.Arbitrary<Step[]>

interface Reading {
  readonly at: number
  readonly iteration: Iteration<unknown>
  readonly own: AbortController
  /** What its latest `next` came to; undefined while it has not. */
  turn: { value?: IteratorResult<unknown>; error?: unknown } | undefined
  isReading: boolean
}

function open(store: Store, keyed: KeyedIterations | undefined, idleMs: number) {
  const own = new AbortController()
  const asked = { key: 'k', endpoints: [DONE], ids: ['a'], idleMs }
  const isFinal = ({ result }: Judged): boolean => result === LAST
  const createInbox = (came?: readonly Came[]): Inbox =>
    new Inbox({ idleMs, limits: LIMITS, isFinal, onEnd: () => undefined }, came)
  const plan = { ...asked, signal: own.signal, pick: ({ result }: Judged) => result, isLast: isFinal }
  const iteration = new Iteration({ ...plan, onCallback: () => undefined, onFreed: () => undefined }, () => {
    if (keyed) return keyed.begin({ ...asked, createInbox })
    const inbox = createInbox()
    inbox.open = store.wait({ ...asked, timeoutMs: idleMs, queued: false, waiter: inbox })
    return { inbox }
  })
  return { iteration, own }
}

function deliver(store: Store, n: number): Promise<unknown> {
  const more = { size: () => 1, dedupeKey: `d${n}` }
  const outcome = createOutcome(DONE, 'a', n)
  // Every third callback is pending.
  if (n % 3 === 0 && n !== LAST)
    return (async () =>
      store.progress(
        DONE,
        { ...outcome, outcome: 'pending' },
        { ...more, dedupeKey: () => more.dedupeKey, result: () => n },
      ))()
  return (async () => store.deliver({ endpoint: DONE, outcome, ...more }))()
}

/** An iteration by key, which any process takes up, and a sender that tries each callback until it is acknowledged. */
class Story {
  readonly processes: { process: Process; keyed: KeyedIterations }[] = []
  readonly got: number[] = []
  reading: Reading | undefined = undefined
  sent = 0
  refused = 0
  isEnded = false

  async begin(count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) this.processes.push(await this.#start())
    await this.ask(0)
  }

  async #start() {
    const process = await world.open({ park: PARK })
    return { process, keyed: createKeyedIterations(process.store, world.clock) }
  }

  #at(at: number) {
    const found = this.processes[at % this.processes.length]
    if (found === undefined) throw new Error('there is no process')
    return found
  }

  async ask(at: number): Promise<void> {
    const index = at % this.processes.length
    const { process, keyed } = this.#at(at)
    this.reading = {
      at: index,
      ...open(process.store, keyed, 600 * MINUTE),
      turn: undefined,
      isReading: false,
    }
    await world.pass(0)
  }

  /** Asks for the next callback, if the one before has come. */
  async read(): Promise<void> {
    const { reading } = this
    if (reading === undefined) return
    if (!reading.isReading) {
      reading.isReading = true
      const settle = (turn: Reading['turn']): void => {
        reading.turn = turn
        reading.isReading = false
        if (turn?.value?.done === false) this.got.push(Number(turn.value.value))
        if (turn?.value?.done === true && reading === this.reading) this.isEnded = true
      }
      void reading.iteration.next().then(
        (value) => settle({ value }),
        (error: unknown) => settle({ error }),
      )
    }
    await world.pass(0)
  }

  async send(at: number, n = this.sent): Promise<boolean> {
    let isTaken = false
    void deliver(this.#at(at).process.store, n).then(
      () => (isTaken = true),
      () => (this.refused += 1),
    )
    await world.pass(0)
    if (isTaken && n !== LAST) this.sent += 1
    return isTaken
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'send') await this.send(step.at)
    if (step.kind === 'ask') await this.ask(step.at)
    if (step.kind === 'read') await this.read()
    if (step.kind === 'lose') world.ledgers.losesMessages = true
    if (step.kind === 'find') world.ledgers.losesMessages = false
    if (step.kind === 'pass') await world.pass(step.ms)
    if (step.kind === 'away') {
      world.ledgers.setAway(true)
      await this.read()
      await world.pass(step.ms)
      world.ledgers.setAway(false)
      await world.pass(6000)
    }
    if (step.kind === 'restart' || step.kind === 'close')
      await this.#restart(step.at % this.processes.length, step.kind)
    if (step.kind !== 'break' && step.kind !== 'abort') return
    const { reading } = this
    if (reading === undefined || reading.isReading) return
    if (step.kind === 'break') void reading.iteration.return()
    else reading.own.abort()
    this.reading = undefined
    await world.pass(0)
  }

  async #restart(at: number, how: 'restart' | 'close'): Promise<void> {
    const { process } = this.#at(at)
    if (this.reading?.at === at) this.reading = undefined
    if (how === 'restart') world.kill(process)
    else await process.store.close()
    this.processes[at] = await this.#start()
    await world.pass(2000)
  }

  /** The sender sends the last callback, and somebody reads to the end. */
  async end(): Promise<void> {
    world.ledgers.losesMessages = false
    await world.pass(20_000)
    for (let isSent = false, turn = 0; !this.isEnded && turn < 50; turn += 1) {
      if (turn % 10 === 0) await this.ask(turn)
      if (!isSent) isSent = await this.send(turn, LAST)
      await this.read()
      await this.read()
    }
    await world.pass(2000)
  }
}

/** Each callback once and in its order, except that the one that the loop was at may come again when another loop goes on. */
function check({ got, sent, processes, isEnded }: Story): void {
  const once = got.filter((n, index) => n !== got[index - 1])
  const all = [...Array.from({ length: sent }, (_, n) => n), LAST]
  expect({ isEnded, once }).toEqual({ isEnded: true, once: all })
  for (const { process } of processes) expect(process.store.stats().waiting).toBe(0)
}

test.each([
  ['one process', 1],
  ['three processes', 3],
])(
  'by key nothing is skipped and nothing is doubled over restarts, breaks, outages and lost messages: %s',
  async (_, processes) => {
    await fc.assert(
      fc.asyncProperty(STEPS, fc.nat(), async (steps, seed) => {
        world.reset()
        const random = createRandom(seed)
        world.ledgers.beforeAppend = async () => {
          for (let turns = random(3); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve))
        }
        const story = new Story()
        await story.begin(processes)
        for (const step of steps) await story.take(step)
        await story.end()
        check(story)
      }),
      { numRuns: Number(process.env['EACH_RUNS'] ?? 40) },
    )
  },
  240_000,
)

type MemoryStep =
  | { readonly kind: 'begin' | 'send' | 'early' }
  | { readonly kind: 'read' | 'break' | 'abort'; readonly which: number }
  | { readonly kind: 'pass'; readonly ms: number }

const MEMORY_STEPS = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('begin') }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('send') }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('read'), which: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('break', 'abort'), which: fc.nat(5) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom('pass'), ms: fc.constantFrom(100, MINUTE, 3 * MINUTE) }),
    },
  ),
  { maxLength: 80 },
) as fc.Arbitrary<MemoryStep[]>

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('in memory, what was acknowledged while an iteration was open is read by it in its order, in any order of all else', async () => {
  await fc.assert(
    fc.asyncProperty(MEMORY_STEPS, async (steps) => {
      const clock = createFakeClock()
      const store = createMemoryStore({ clock, maxWaits: 1000, park: PARK, onForgotten: () => undefined })
      const all: {
        iteration: Iteration<unknown>
        own: AbortController
        got: unknown[]
        due: number[]
        isOpen: boolean
        at: number
      }[] = []
      const parked: number[] = []
      let sent = 0
      const alive = () => all.filter(({ isOpen, at }) => isOpen && at + 2 * MINUTE > clock.now())
      for (const step of steps) {
        if (step.kind === 'begin') {
          const early = store.stats().parked
          const one = {
            ...open(store, undefined, 2 * MINUTE),
            got: [],
            due: [] as number[],
            isOpen: true,
            at: clock.now(),
          }
          if (early > 0) one.due.push(...parked.splice(0))
          all.push(one)
        }
        if (step.kind === 'send') await send()
        if (step.kind === 'pass') {
          clock.advance(step.ms)
          parked.length = store.stats().parked
        }
        const one = 'which' in step ? all[step.which] : undefined
        if (one && step.kind === 'read' && one.got.length < one.due.length && one.isOpen)
          one.got.push((await one.iteration.next()).value)
        if (one && step.kind === 'break') void one.iteration.return()
        if (one && step.kind === 'abort') one.own.abort()
        if (one && (step.kind === 'break' || step.kind === 'abort')) one.isOpen = false
      }
      async function send(): Promise<void> {
        const n = sent
        const delivery = await deliver(store, n).catch(({ code }: { code: string }) => code)
        const full = alive().some(({ due, got }) => due.length - Math.max(got.length - 1, 0) >= LIMITS.max)
        expect([n, delivery === 'ERR_EACH_FULL']).toEqual([n, full])
        if (delivery === 'parked') parked.push(n)
        if (full) return
        sent += 1
        for (const one of alive()) {
          one.due.push(n)
          one.at = clock.now()
        }
      }
      for (const { got, due } of all) expect(got).toEqual(due.slice(0, got.length))
      await store.close()
      await settle()
      expect([store.stats().waiting, clock.timers]).toEqual([0, 0])
      for (const { iteration, isOpen } of all) {
        const end = await iteration.next().catch(({ code }: { code: string }) => code)
        if (isOpen)
          expect(['ERR_CLOSED', 'ERR_WAIT_TIMEOUT']).toContain(typeof end === 'string' ? end : 'ERR_WAIT_TIMEOUT')
      }
    }),
    { numRuns: Number(process.env['EACH_RUNS'] ?? 300) },
  )
}, 240_000)
