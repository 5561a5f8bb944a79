import { afterEach, expect } from '@jest/globals'
import { createRegistry, type Registry, type RegistryOptions } from '../../lib/store/registry'
import type {
  Arrival,
  Delivery,
  Ending,
  OpenWait,
  Outcome,
  Progress,
  StoreEndpoint,
  WaitRequest,
} from '../../lib/base/contracts'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'

export const DONE: StoreEndpoint = { key: 'POST /done', anonymous: false }
export const READY: StoreEndpoint = { key: 'POST /ready', anonymous: false }
export const PLAIN: StoreEndpoint = { key: 'POST /plain', anonymous: true }
export const QUIET: StoreEndpoint = { key: 'POST /quiet', anonymous: true }
export const NEWS: StoreEndpoint = { key: 'POST /news', anonymous: false, startsWorkflow: true }

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
/** How late the timer wheel may be. */
export const TICK = 16

/** A wait of a test, with every ending that it was told. */
export interface WatchedWait extends Omit<OpenWait, 'alias'> {
  alias(ids: readonly string[]): void
  readonly endings: readonly Ending[]
  readonly news: readonly Progress[]
  /** The results of the outcomes that ended it. */
  readonly results: readonly unknown[]
}

export interface Desk {
  readonly clock: FakeClock
  readonly registry: Registry
  /** The results of the parked outcomes that nobody came for. */
  readonly forgotten: readonly unknown[]
  wait(ids: string | readonly string[], options?: WaitOptions): WatchedWait
  /** Hands over a success that carries `result`. */
  deliver(endpoint: StoreEndpoint, id: string | undefined, result?: unknown, more?: Partial<Arrival>): Delivery
}

export interface WaitOptions extends Partial<Omit<WaitRequest, 'ids' | 'waiter'>> {
  /** Called after the ending was noted. */
  readonly andThen?: (ending: Ending) => void
}

/** Gives a registry with a fake clock; after the test it is closed, and nothing may be left of it. */
export function createDesk(options: Partial<RegistryOptions> = {}): Desk {
  const clock = createFakeClock()
  const forgotten: unknown[] = []
  const registry = createRegistry({
    clock,
    maxWaits: 1_000_000,
    park: { forMs: 10 * MINUTE, max: 10_000, maxBytes: 64_000_000 },
    onForgotten: (outcome) => forgotten.push(outcome.result),
    ...options,
  })
  opened.push({ clock, registry })
  return {
    clock,
    registry,
    forgotten,
    wait(ids, { andThen, ...rest } = {}) {
      const endings: Ending[] = []
      const news: Progress[] = []
      const open = registry.wait({
        endpoints: [DONE],
        ids: typeof ids === 'string' ? [ids] : ids,
        timeoutMs: HOUR,
        queued: true,
        ...rest,
        waiter: {
          onProgress: (progress) => void news.push(progress),
          onEnd(ending) {
            endings.push(ending)
            andThen?.(ending)
          },
        },
      })
      return {
        endings,
        news,
        get results() {
          return endings.map((ending) => (ending.kind === 'outcome' ? ending.outcome.result : ending.kind))
        },
        alias: open.alias.bind(open),
        cancel: () => open.cancel(),
      }
    },
    deliver: (endpoint, id, result = id, more = {}) =>
      registry.deliver({ endpoint, outcome: createOutcome(endpoint, id, result), size: () => 100, ...more }),
  }
}

/** An outcome as a listener makes it. */
export function createOutcome(
  { key }: StoreEndpoint,
  id: string | undefined,
  result: unknown,
  more: Partial<Outcome> = {},
): Outcome {
  const endpoint = key
  const common = { status: undefined, body: { result }, headers: {}, receivedAt: 0 }
  return { outcome: 'succeeded', id, endpoint, result, ...common, ...more }
}

/** News that the work for an id goes on. */
export function createProgress(endpoint: StoreEndpoint, id: string | undefined, result: unknown): Progress {
  return { ...createOutcome(endpoint, id, result), outcome: 'pending' }
}

const opened: { readonly clock: FakeClock; readonly registry: Registry }[] = []

afterEach(() => {
  for (const { clock, registry } of opened.splice(0)) {
    expect(clock.timers).toBeLessThanOrEqual(1)
    registry.close()
    expect(clock.timers).toBe(0)
    expect(registry.stats().waiting).toBe(0)
  }
})
