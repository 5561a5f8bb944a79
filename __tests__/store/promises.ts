import { awaitCallback, type CallbackWait, type WaitPlan } from '../../lib/store/await-callback'
import { createMemoryStore } from '../../lib/store/registry'
import type { Ending, Outcome, StoreEndpoint } from '../../lib/base/contracts'
import { createFakeClock } from '../helpers/fake-clock'
import { createOutcome, DONE, HOUR } from './desk'

/** Lets the event loop go round a few times, after which Jest has failed a test that left a rejection unhandled. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Gives a memory store with a fake clock, and waits for "a" on it as promises. */
export function createSetup(maxWaits = 10) {
  const clock = createFakeClock()
  const park = { forMs: HOUR, max: 10, maxBytes: 1000 }
  const store = createMemoryStore({ clock, maxWaits, park, onForgotten: () => {} })
  const endings: Ending[] = []
  return {
    clock,
    store,
    endings,
    start(more: Partial<CallbackWait & WaitPlan<unknown>> = {}) {
      const plan = {
        endpoints: [DONE],
        onEnd: (ending: Ending) => void endings.push(ending),
        pick: (outcome: Outcome) => outcome.result,
        ...more,
      }
      const wait = { ids: ['a'], timeoutMs: 1000, queued: true, signal: undefined, onProgress: undefined, ...more }
      return awaitCallback<unknown>(store, plan, wait)
    },
    deliver: (id: string, result: unknown, more: Partial<Outcome> = {}, endpoint: StoreEndpoint = DONE) =>
      store.deliver({ endpoint, outcome: createOutcome(endpoint, id, result, more), size: () => 1 }),
  }
}

/** The error with which a promise ends. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`expected a rejection, not ${JSON.stringify(value)}`)
    },
    (error: unknown) => error,
  )
}
