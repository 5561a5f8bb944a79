import type { Outcome, Store, StoreEndpoint } from '../../lib/base/contracts'

export const DONE: StoreEndpoint = { key: 'POST /done', anonymous: false }
export const READY: StoreEndpoint = { key: 'POST /ready', anonymous: false }
export const PLAIN: StoreEndpoint = { key: 'POST /plain', anonymous: true }
export const NEWS: StoreEndpoint = { key: 'POST /news', anonymous: false, startsWorkflow: true }

export interface StoreLimits {
  readonly maxWaits: number
  readonly park: { readonly forMs: number; readonly max: number; readonly maxBytes: number }
  readonly onForgotten: (outcome: Outcome) => void
}

/** Where the stores of one kind live during a test. */
export interface StoreWorld {
  /** One more process that has the store open. */
  open(limits: StoreLimits): Promise<Store>
  /** Lets time go by, and everything happen that is due. */
  pass(ms: number): Promise<void>
  /** Ends everything, so that nothing is left. */
  end(): Promise<void>
}

export interface StoreKind {
  /** Whether several processes may have it open at once. */
  readonly isShared: boolean
  /** Whether what it holds is there after it was closed. */
  readonly isDurable: boolean
  /** How long a short wait lasts: long enough for the machine, short enough for the test. */
  readonly shortMs: number
  create(): Promise<StoreWorld>
}

/** An outcome as a listener makes it. */
export function createOutcome({ key }: StoreEndpoint, id: string | undefined, result: unknown): Outcome {
  const common = { status: undefined, body: { result }, headers: {}, receivedAt: 0 }
  return { outcome: 'succeeded', id, endpoint: key, result, ...common }
}

/** Waits for what another process brings about, for ten seconds at most. */
export async function waitUntil(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 10_000
  while (!isSo()) {
    if (Date.now() > end) throw new Error('It did not happen within ten seconds')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
