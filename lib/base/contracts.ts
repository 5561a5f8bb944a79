import type { Claim } from './ledger'
import type { Outcome, Place, Progress, Reader, StoreEndpoint } from './outcome'
import type { NamedWaits, WaitedFor } from './named-waits'
import type { RunKeeper } from './run'

export type {
  AppendOptions,
  Claim,
  ClaimOptions,
  DueAnswer,
  Ledger,
  LedgerHandlers,
  LedgerRecord,
  ListedIds,
  ListOptions,
  NewRecord,
  RecordKind,
} from './ledger'
export type { JoinedWait, NamedWait, NamedWaits, WaitedFor } from './named-waits'
export type { Judged, Outcome, Place, Progress, Reader, StoreEndpoint } from './outcome'

/** Time as this package sees it, so that tests need no real sleeps. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds since some moment, which setting the clock of the machine does not change; default: `now`. */
  elapsed?(): number
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(timer: unknown): void
}

/** The four methods of pino that are used; `console` fits too. */
export interface Logger {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** An outcome on its way to the wait that it ends. */
export interface Arrival {
  readonly endpoint: StoreEndpoint
  readonly outcome: Outcome
  /** Measures, in bytes, what it takes up; asked only when it must be kept. */
  readonly size: () => number
  /** Two arrivals with the same key are the same delivery. */
  readonly dedupeKey?: string | undefined
  /**
   * Given for what may be an event. Called when its id is not waited for, never was, and is neither parked nor
   * settled, which settles it: the delivery is `started`. When it throws, so does `deliver`, and nothing has changed.
   * A durable store gives the id of the run, the same when the delivery is repeated, and waits for it to be kept. It may
   * call this for several deliveries of one event, but only one of them is `started`.
   */
  readonly start?: ((run?: string) => void | Promise<void>) | undefined
}

/** What became of a pending callback. */
export type Pending = 'pending' | 'duplicate'

/** A request that starts a run whatever else there is, once for each delivery. */
export interface TriggerArrival {
  readonly endpoint: StoreEndpoint
  /** Two arrivals with the same key are the same delivery; undefined for one that always counts. */
  readonly dedupeKey: string | undefined
  /**
   * Starts the run; returns whether it did. A durable store gives what is to be claimed in the step that keeps the run:
   * when somebody has claimed it before, nothing is started.
   */
  readonly start: (claim?: Claim) => boolean | Promise<boolean>
}

/**
 * What became of an arrival. All of these are acknowledged to the sender. What is a `duplicate` is decided in
 * store/registry.ts and its collections/recent.ts, in a durable store by durable/delivery.ts and the fold of key-log.ts.
 * `filtered`: each wait for its id looked at it, and goes on without it.
 */
export type Delivery = 'settled' | 'parked' | 'duplicate' | 'started' | 'filtered'

/** What a pending callback has beside its progress, for waits that take it as one of many; asked only by these. */
export interface PendingArrival {
  readonly size: () => number
  readonly dedupeKey: () => string | undefined
  /** Renders its result. */
  readonly result: () => unknown
}

/** A wait of somebody. */
export interface WaitRequest extends WaitedFor {
  readonly timeoutMs: number
  readonly waiter: Waiter
  /**
   * The name of a wait that outlives the process: the process that takes its run up opens it by the same name, and gets what
   * came meanwhile. It is over when it is released or cancelled, not when its process ends.
   */
  readonly kept?: string | undefined
  /** Whether a kept wait was opened before, by the process that had its run: it is looked for before it is registered. */
  readonly isReopened?: boolean | undefined
  /** Whether a caller waits for a kept wait, who hears of its end soon after its time is up, whatever the store does. */
  readonly isByHand?: boolean
}

/** Is told of a wait. An object rather than functions, since a million waits are to fit in memory. */
export interface Waiter {
  /** How long it waits in all, in milliseconds, where that is known. */
  readonly timeoutMs?: number
  /** Called once, with how the wait ended; may be called before `wait` returns, when the callback came early. */
  onEnd(ending: Ending, ids: readonly string[]): void
  /** Called for every pending callback; it does not end the wait. */
  onProgress?(progress: Progress): void
  /** Looks at each callback of the wait; without it, the first one ends the wait. */
  readonly reader?: Reader | undefined
}

export type Ending =
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  | { readonly kind: 'timeout'; readonly isOutdated?: boolean }
  | { readonly kind: 'closed'; readonly isTakenUp?: boolean }
  /** Its caller's signal, or somebody by hand, has given it up. */
  | { readonly kind: 'aborted'; readonly reason: unknown }

/** An open wait. */
export interface OpenWait {
  /** More ids under which the callback may come; one that came already ends the wait at once. */
  alias(ids: readonly string[]): void | Promise<void>
  /** Frees everything that the wait held, without calling `onEnd`. Does nothing when it has ended. */
  cancel(): void
  /** Resolves when every process knows that it was cancelled; never rejects. Missing where there is but one. */
  readonly cancelled?: Promise<void>
  /** Resolves when every process knows of it; missing where there is but one. */
  readonly registered?: Promise<void>
  /** Of a kept wait: says that its outcome is safe with the waiter. */
  release?(): void
  /** Of a kept wait: frees what this process holds of it; it goes on for the process that takes it up. */
  leave?(): void
  /** Ends it without calling `onEnd`, as its last callback would: its ids are settled. Does nothing when it has ended. */
  finish?(): void
  /** Of a wait for many: says that a callback is dealt with. Returns false when another process goes on with the wait. */
  done?(place: Place): Promise<boolean>
  /**
   * Of a wait for many: whether another process may have what came under a key, since this one stood still. Resolves when what is
   * this one's is known, and what is not was dropped; never rejects. Returns undefined where nothing is in doubt.
   */
  doubt?(key: string): Promise<void> | undefined
}

export interface StoreStats {
  readonly waiting: number
  readonly parked: number
}

/** An open wait as it is shown. */
export interface ListedWait {
  readonly ids: readonly string[]
  /** The keys of the endpoints that may end it. */
  readonly endpoints: readonly string[]
  /** Milliseconds since the epoch. */
  readonly deadline: number
  /** Milliseconds since the epoch; undefined where nobody knows. */
  readonly since: number | undefined
  /** Whether an endpoint of it has another public URL by now, so that its callback may have gone to the one before. */
  readonly isOutdated: boolean
}

/**
 * What decides whether waits survive and how far they reach. A store keeps the rules of correlation (early callbacks
 * are parked, later ones are duplicates); its callers need not know which one runs.
 */
export interface Store {
  open(): Promise<void>
  /** Whether it is open; missing where there is nothing to open. */
  readonly isOpen?: boolean
  /** Rejects when it cannot be reached; missing where it is always there. */
  check?(): Promise<void>
  /** Registers a wait at once. Throws `ERR_WAITS_FULL` and `ERR_CLOSED`. */
  wait(request: WaitRequest): OpenWait
  /** Hands over an outcome; throws `ERR_PARKING_FULL` or `ERR_STORE_UNAVAILABLE` when that cannot be done. */
  deliver(arrival: Arrival): Delivery | Promise<Delivery>
  /** Starts a run for a request, unless its delivery has started one: then it is a `duplicate`. Throws what `start` does. */
  trigger(arrival: TriggerArrival): Delivery | Promise<Delivery>
  /**
   * Gives up the open waits of this process for an id, those on one endpoint where one is named: they end with `aborted`, and
   * the id is free again. Returns how many there were.
   */
  abort(id: string, reason: unknown, endpoint?: StoreEndpoint): number
  /**
   * Tells open waits that their work goes on, and gives the callback to waits for many: for these it is a `duplicate` when
   * its delivery came before. Throws `ERR_EACH_FULL` when such a wait has no room.
   */
  progress(endpoint: StoreEndpoint, progress: Progress, more?: PendingArrival): Pending | Promise<Pending>
  /**
   * Ends a wait that was opened with a name as `kept`, whose outcome is safe; without an outcome, one that nobody waits for
   * any more. Missing where nothing outlives the process.
   */
  endLeft?(name: string, wait: WaitedFor, outcome: Outcome | undefined): Promise<void>
  /** What this process knows: of one endpoint, or of all when left out. */
  stats(endpoint?: StoreEndpoint): StoreStats
  /**
   * Tells apart the waits that are open now on these endpoints, whose public URL has just changed. Gives how many.
   */
  outdate(endpoints: readonly StoreEndpoint[]): number
  /** The open waits that this process knows, oldest first, no more than the limit. */
  list(limit: number): readonly ListedWait[]
  /** Knows waits by name; missing where nothing outlives the process. */
  readonly named?: NamedWaits
  /** Keeps runs; missing where nothing outlives the process. */
  readonly runs?: RunKeeper
  /** Ends every open wait with `closed`. */
  close(): Promise<void>
}

/**
 * Opens tunnels of one kind; one call is one attempt. Rejects when it cannot, with the signal's reason when that aborts,
 * and leaves nothing behind then. A `CallbackError` with a code of its own says what the gateway does next: after
 * `ERR_GATEWAY_PROGRAM`, `_AUTH` and `_HOST_KEY` it gives up, at the first opening also after `_OPTIONS`; after
 * `_RATE_LIMITED` it waits ten times longer; after anything else it tries again. Messages hold no secret.
 */
export type TunnelDriver = (request: TunnelRequest) => Promise<Tunnel>

/** What a driver needs to know for one attempt. */
export interface TunnelRequest {
  /** The local port to expose. */
  readonly port: number
  /** The host that the port is on. */
  readonly host: string
  /** What else the config says of the gateway, in camelCase; keys that it leaves out are missing. */
  readonly options: Readonly<Record<string, unknown>>
  /** The variables of the environment, with those of `options.env` and `.env`. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  readonly clock: Clock
  /** Aborts when the tunnel is not wanted any more. */
  readonly signal: AbortSignal
  /** What the gateway had before, for a driver that can ask for the same again. */
  readonly previousUrl: string | undefined
  /** To be told when an open tunnel goes on under another public URL. */
  onPublicUrl(publicUrl: string): void
}

/** One open connection. */
export interface Tunnel {
  readonly publicUrl: string
  /** `host:port` under which the port is reached; default: the host of the URL. */
  readonly publicAddress?: string | undefined
  /** Whether another tunnel in its place would have the same URL; default: false. */
  readonly isStable?: boolean | undefined
  /** Settles when it ends by itself: with the reason, if there is one. */
  readonly closed: Promise<unknown>
  /** Says how it is doing; asked every ten seconds. Without it, an open tunnel is taken for a good one. */
  check?(): Promise<TunnelHealth>
  /** How long it may be down before another is opened in its place; default: 90 s. */
  readonly maxDownMs?: number | undefined
  /** Frees its resources. Also called when it has ended by itself. */
  close(): Promise<void>
}

/** `down` may come back by itself, `gone` does not. */
export type TunnelHealth = 'up' | 'down' | 'gone'

export type GatewayState = 'idle' | 'starting' | 'ready' | 'degraded' | 'restarting' | 'failed' | 'closed'

/** How a gateway is doing. A new object for every change. */
export interface GatewayStatus {
  /** The port in the config, by which templates name the gateway. */
  readonly port: number
  /** What opens the tunnel; `static` where the public URL is fixed. */
  readonly driver: string
  readonly state: GatewayState
  /** Undefined while nobody can be reached under it. Kept while a tunnel comes back that will have the same. */
  readonly publicUrl: string | undefined
  /** `host:port` under which the port is reached. */
  readonly publicAddress: string | undefined
  /** The public URL before the present one; callbacks that were sent to it do not arrive any more. */
  readonly previousUrl: string | undefined
  /** Why it failed, or what went wrong last while it is started. */
  readonly error: unknown
}
