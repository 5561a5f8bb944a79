import type {
  Clock,
  Ending,
  NamedWait,
  NamedWaits,
  OpenWait,
  Outcome,
  Progress,
  Store,
  StoreEndpoint,
} from '../base/contracts'
import { waitAborted } from './wait-errors'

export interface KeyedWaitOptions {
  readonly store: Store
  readonly clock: Clock
  readonly endpoints: readonly StoreEndpoint[]
  readonly wait: NamedWait
  /** The name of the wait in the store; undefined where the store has no names. */
  readonly name: string | undefined
  /** Whether callbacks without an id count, on endpoints that know no ids. */
  readonly queued: boolean
  readonly onProgress: (progress: Progress) => void
  /** Called once with how the wait ended, when its outcome is kept under the name. */
  readonly onEnd: (ending: Ending) => void
}

/** How long it may take to find out whether another process has ended a wait in time. */
const LOOK_MS = 5000

/** Opens a wait that has a name. Throws `ERR_WAITS_FULL` and `ERR_CLOSED`. */
export function openKeyedWait(options: KeyedWaitOptions): void {
  const { store, clock, wait, name, endpoints, queued, onProgress, onEnd } = options
  const named = name === undefined ? undefined : store.named && { waits: store.named, name }
  let opened: OpenWait | undefined
  let hasEnded = false
  const stopWatching = named?.waits.watch(named.name, wait, (outcome) => {
    if (!hasEnded) end({ kind: 'outcome', outcome })
    opened?.leave?.()
  })

  function end(ending: Ending): void {
    hasEnded = true
    stopWatching?.()
    onEnd(ending)
  }

  /** The outcome is kept under the name before `onEnd` is called, and before the wait ends in the store. */
  async function keep({ waits, name: of }: { readonly waits: NamedWaits; readonly name: string }, ending: Ending) {
    if (ending.kind === 'closed') return end(ending)
    if (ending.kind === 'timeout') {
      const found = await waits.join(of, { ...wait, deadline: clock.now() + LOOK_MS })
      return hasEnded || end(found?.outcome ? { kind: 'outcome', outcome: found.outcome } : ending)
    }
    // The message about it comes back here, where more is known.
    stopWatching?.()
    const outcome = ending.kind === 'aborted' ? abortedOutcome(wait, ending.reason, clock) : ending.outcome
    const counted = await waits.end(of, wait, outcome)
    // An outcome that could not be kept stays in the log, for the process that asks by the key next.
    if (counted !== undefined) opened?.release?.()
    const isOwn = counted === undefined || counted === outcome
    return hasEnded || end(isOwn ? ending : { kind: 'outcome', outcome: counted })
  }

  try {
    opened = store.wait({
      endpoints,
      ids: wait.ids,
      timeoutMs: Math.max(wait.deadline - clock.now(), 0),
      queued,
      kept: name,
      isByHand: true,
      waiter: {
        onEnd(ending) {
          if (named) void keep(named, ending)
          else end(ending)
        },
        onProgress,
      },
    })
  } catch (error) {
    stopWatching?.()
    throw error
  }
}

/** Returns what callers that ask by the key later get, in any process: the same error. */
function abortedOutcome({ ids, endpoints }: NamedWait, reason: unknown, clock: Clock): Outcome {
  const [endpoint = ''] = endpoints
  const nothing = { status: undefined, result: undefined, body: undefined, headers: {} }
  const error = waitAborted(ids, reason)
  return { ...nothing, outcome: 'failed', id: ids[0], endpoint, receivedAt: clock.now(), error }
}
