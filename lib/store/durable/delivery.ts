import { REMEMBER_MS } from '../scope'
import { isAway } from '../../base/errors'
import { redactHeaders } from '../../base/secrets/redact-headers'
import type {
  Arrival,
  Claim,
  Clock,
  Delivery,
  Judged,
  Ledger,
  Outcome,
  Pending,
  PendingArrival,
  Progress,
  StoreEndpoint,
  TriggerArrival,
} from '../../base/contracts'
import { toKept } from './codec'
import type { KeyState, OutcomeEntry } from './key-entries'
import { isDuplicate, waitsAt } from './key-log'
import { outcomesOf } from './key-state'
import { digest, type Key, keyOf } from './keys/key'
import type { Keys } from './keys/keys'
import type { Publish } from './messages'
import type { ParkedHere } from './parked-here'
import type { Persist } from './persistence'
import type { LocalWaits } from './waits/local-waits'
import type { Room } from './waits/room'

export interface DeliveryOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly keys: Keys
  readonly parked: ParkedHere
  readonly persist: Persist
  readonly here: LocalWaits
  readonly publish: Publish
  /** Reads the log of a key, in which the waits of this process are registered then. */
  readonly read: (key: Key) => Promise<KeyState>
  /** How long a callback is parked, in milliseconds. */
  readonly parkMs: number
  readonly room: Room
  /** Headers that are not kept, in lower case. */
  readonly secretHeaders?: ReadonlySet<string> | undefined
}

/** Hands over callbacks; the sender is answered when its callback is in the ledger. */
export interface Deliveries {
  deliver(arrival: Arrival): Promise<Delivery>
  /** Delivers a pending callback to the waits for many; without any it is dropped. */
  pass(endpoint: StoreEndpoint, progress: Progress, more: PendingArrival | undefined): Promise<Pending>
  trigger(arrival: TriggerArrival): Promise<Delivery>
}

/** An outcome on its way into the log of a key. */
interface Handed {
  readonly key: Key
  /** The state of the log before the outcome. */
  readonly known: KeyState
  readonly outcome: Judged
  readonly claim: Claim | undefined
  readonly size: () => number
  readonly run?: string
}

/** Creates what hands over the callbacks that this process receives. */
export function createDeliveries(options: DeliveryOptions): Deliveries {
  const { ledger, clock, keys, parked, persist, here, read, room } = options
  const repeat = createRepeat(options)
  const append = createAppend(options, repeat)

  async function hand(arrival: Arrival, key: Key, known: KeyState, claim: Claim | undefined): Promise<Delivery> {
    const { outcome, start, size } = arrival
    if (waitsAt(known, clock.now(), key.anonymous).length > 0) {
      if (here.isUnwanted(key.id, known, outcome, clock.now())) return 'filtered'
      return handOver({ key, known, outcome, claim, size })
    }
    if (!key.anonymous && isDuplicate(known, clock.now())) return repeat(key, known)
    if (await keys.isSettled(key)) return 'duplicate'
    if (start && !key.anonymous && known.waitedAt === undefined) return begin(start, outcome, key, claim)
    return keep(arrival, { key, known, outcome, claim, size })
  }

  /** Parks a callback, unless a wait is open by the time that its outcome is appended. */
  async function keep({ size }: Arrival, handed: Handed): Promise<Delivery> {
    const note = parked.add(handed.key.endpoint.key, handed.key.id, size())
    let delivery: Delivery | undefined
    try {
      delivery = await handOver(handed)
      return delivery
    } finally {
      if (delivery !== 'parked') note.remove()
    }
  }

  async function handOver(handed: Handed): Promise<Delivery> {
    const { key, known, outcome, size } = handed
    const isForMany = [...known.waits.values()].some(({ many }) => many !== undefined)
    if (!isForMany) return append(handed, undefined)
    const bytes = size()
    return room.give(key.id, known, { callback: outcome, at: clock.now(), bytes }, () => append(handed, bytes))
  }

  /** Starts a run: protocol, 9. */
  async function begin(
    start: NonNullable<Arrival['start']>,
    outcome: Outcome,
    key: Key,
    claim: Claim | undefined,
  ): Promise<Delivery> {
    const run = toRunId(digest([key.id, await keys.born(key)]))
    await start(run)
    const delivery = await append({ key, known: await keys.read(key), outcome, claim, run, size: () => 0 }, undefined)
    await persist(() => keys.settle(key))
    return delivery
  }

  return {
    async deliver(arrival) {
      const { endpoint, outcome, dedupeKey } = arrival
      const key = keyOf(endpoint, outcome.id)
      const claim = toClaim(endpoint, dedupeKey)
      const [known, earlier] = await Promise.all([read(key), claim && ledger.read('mark', claim.mark)])
      return earlier === undefined ? hand(arrival, key, known, claim) : repeat(key, known)
    },
    async pass(endpoint, progress, more) {
      const key = keyOf(endpoint, progress.id)
      const known = await read(key)
      if (waitsAt(known, clock.now(), key.anonymous, true).length === 0) return 'pending'
      // The mark is not read before the claim: a callback that came after this one would overtake it meanwhile.
      const claim = toClaim(endpoint, more?.dedupeKey())
      const outcome = { ...progress, result: more?.result() }
      const delivery = await handOver({ key, known, outcome, claim, size: more?.size ?? (() => 0) })
      return delivery === 'duplicate' ? 'duplicate' : 'pending'
    },
    async trigger({ endpoint, dedupeKey, start }) {
      const claim = toClaim(endpoint, dedupeKey)
      // A repeated callback usually costs one read; of two in the same moment, the claim lets one through.
      if (claim && (await ledger.read('mark', claim.mark))) return 'duplicate'
      return (await start(claim)) ? 'started' : 'duplicate'
    },
  }
}

type Append = (handed: Handed, bytes: number | undefined) => Promise<Delivery>

type Repeat = (key: Key, state: KeyState) => Promise<Delivery>

/** The process that waits may have missed the message of the first callback, and is told again. */
function createRepeat({ here }: DeliveryOptions): Repeat {
  return async (key, state) => {
    if ([...state.waits.values()].some((wait) => outcomesOf(wait).length > 0)) await here.tell(key.id, state)
    return 'duplicate'
  }
}

/** Creates what appends an outcome, and does the work after it. */
function createAppend(options: DeliveryOptions, repeat: Repeat): Append {
  const { clock, keys, persist, here, publish, read, parkMs } = options
  return async ({ key, known, outcome, claim, run }, bytes) => {
    const at = clock.now()
    const kept = toKept({ ...outcome, headers: redactHeaders(outcome.headers, options.secretHeaders) })
    const isPending = outcome.outcome === 'pending' || undefined
    const entry: OutcomeEntry = { is: 'outcome', kept, at, until: at + parkMs, run, isPending, bytes }
    const how = { ttlMs: parkMs, known }
    const written = claim ? await keys.claim(key, entry, { ...how, claim }) : await keys.write(key, entry, how)
    if (written === undefined) return repeat(key, await read(key))
    const { state, position, delivery = 'duplicate' } = written
    await followUp(persist, async () => {
      if (delivery === 'settled') await here.tell(key.id, state)
      if (delivery === 'parked' && position > 1) await keys.reviewIn(key, firstEnd(state, at) - at)
      if (delivery === 'parked') await publish({ is: 'parked', key: key.id })
    })
    return delivery
  }
}

/** A callback that is in the ledger is acknowledged even when the work after it fails; that is tried again here. */
async function followUp(persist: Persist, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isAway(error)) throw error
    void persist(work)
  }
}

/** When the first parked callback that still counts is to be forgotten. */
function firstEnd({ parked }: KeyState, at: number): number {
  return Math.min(...parked.map(({ until }) => until).filter((until) => until > at))
}

function toClaim(endpoint: StoreEndpoint, dedupeKey: string | undefined): Claim | undefined {
  return dedupeKey === undefined ? undefined : { mark: `d${digest([endpoint.key, dedupeKey])}`, ttlMs: REMEMBER_MS }
}

/** Returns an id in the form of a UUID, as the ids of tasks have it. */
function toRunId(hash: string): string {
  const hex = Buffer.from(hash, 'base64url').toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}
