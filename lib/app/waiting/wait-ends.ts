import type { Ending, Store, StoreEndpoint } from '../../base/contracts'
import { type Emitter, outcomeEvent } from '../../base/events'
import { SEVERAL } from '../stats'

/** What is told and counted of the ends of waits, those of workflows too. */
export interface WaitEnds {
  /** Counts and emits the end of a wait on these endpoints. */
  record(ending: Ending, on: readonly StoreEndpoint[], ids: readonly string[]): void
  /** Resolves when no wait is open. */
  whenIdle(): Promise<void>
}

/** Creates the ends of the waits of one `callbacks()`. */
export function createWaitEnds(store: Store, emitter: Emitter): WaitEnds {
  let onIdle: (() => void)[] = []

  return {
    record(ending, on, ids) {
      if (ending.kind === 'outcome') {
        const { outcome } = ending
        const name = outcome.outcome === 'succeeded' ? 'settled' : 'failed'
        emitter.record(name, outcome.endpoint, () => outcomeEvent(outcome))
      }
      if (ending.kind === 'timeout') {
        const endpoint = on.length === 1 ? (on[0]?.key ?? SEVERAL) : SEVERAL
        emitter.record('expired', endpoint, () => ({ id: ids[0], endpoint }))
      }
      if (onIdle.length === 0 || store.stats().waiting > 0) return
      for (const resolve of onIdle) resolve()
      onIdle = []
    },
    whenIdle: () =>
      store.stats().waiting === 0 ? Promise.resolve() : new Promise((resolve) => void onIdle.push(resolve)),
  }
}
