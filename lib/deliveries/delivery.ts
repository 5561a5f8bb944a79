/** What became of a request: as the events of these names say, or as the other words do. */
export type Verdict =
  | 'settled'
  | 'parked'
  | 'duplicate'
  | 'pending'
  | 'unidentified'
  /** `when` is false for it: of its endpoint, or of each wait for its id, which goes on. */
  | 'filtered'
  | 'started'
  /** A vendor's handshake was answered. */
  | 'handshake'
  /** The answer was an error; `code` says which. */
  | 'refused'
  /** A bulk callback; `items` counts what became of its items. */
  | 'items'
  /** No endpoint takes the path and the method. */
  | 'unrouted'

export const VERDICTS: readonly Verdict[] = [
  'settled',
  'parked',
  'duplicate',
  'filtered',
  'pending',
  'unidentified',
  'started',
  'handshake',
  'refused',
  'items',
  'unrouted',
]

/** A request that was answered, and what became of it. What authenticates its sender is replaced by `[redacted]`. */
export interface DeliveryRecord {
  /** Later deliveries have greater ids. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  /** From the first byte of the request to its answer. */
  readonly durationMs: number
  readonly method: string
  /** Path and query of the request, before the host app cut its mount path from them. */
  readonly target: string
  /** Names as they were written. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The unpacked bytes. Undefined when a parser of the host app took them, or when they were too many to keep. */
  readonly body: Buffer | undefined
  readonly bodyBytes: number
  /** The endpoint, as `POST /webhooks/done`; undefined for one that is `unrouted`. */
  readonly endpoint: string | undefined
  readonly verdict: Verdict
  /** How the callback was judged, where it ended a wait. */
  readonly outcome: 'succeeded' | 'failed' | undefined
  readonly code: string | undefined
  /** Why it has this verdict: one sentence for people. */
  readonly reason: string
  /** The ids that were found in it; of a bulk callback the first hundred. */
  readonly ids: readonly string[]
  /** The task that it started. */
  readonly task: string | undefined
  readonly items: Readonly<Partial<Record<Verdict, number>>> | undefined
  /** The HTTP status of the answer; undefined when the sender was gone before. */
  readonly status: number | undefined
  /** Whether its sender was verified, or need not be. */
  readonly isVerified: boolean
  /** The delivery that this one repeats. */
  readonly replayOf: string | undefined
}

/** Which deliveries are wanted; what is left out excludes none. */
export interface DeliveryFilter {
  readonly endpoint?: string | undefined
  /** A correlation id. */
  readonly id?: string | undefined
  readonly verdict?: Verdict | undefined
  /** Milliseconds since the epoch, both inclusive. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Stands in the target, a header or the body, in any case. */
  readonly text?: string | undefined
  /** The id of a delivery: only older ones, for the next page. */
  readonly before?: string | undefined
  /** Default 100, at most 1,000. */
  readonly limit?: number | undefined
}

/** What a template of an endpoint reads from a delivery. */
export interface ReadValue {
  /** The key of the config, such as `identify_by`. */
  readonly key: string
  /** The template as it is written. */
  readonly source: string
  readonly value?: unknown
  /** Why it reads nothing. */
  readonly error?: string
}

/** The latest deliveries, newest first. */
export interface Deliveries {
  list(filter?: DeliveryFilter): Promise<readonly DeliveryRecord[]>
  find(id: string): Promise<DeliveryRecord | undefined>
  /** What each template of its endpoint reads from a delivery. Rejects with `ERR_DELIVERY_UNKNOWN`. */
  explain(id: string): Promise<readonly ReadValue[]>
  /**
   * Parses, identifies, judges and settles a delivery again as if it came now. Its proof is not asked for again, nor
   * `dedupe_by`, nor the rate limit. Rejects with `ERR_DELIVERY_UNKNOWN`, and with `ERR_DELIVERY_REPLAY` for one that was
   * never verified, whose bytes are not there, or whose endpoint is gone.
   */
  replay(id: string): Promise<DeliveryRecord>
  /** The id of the latest one; undefined before the first. */
  latestId(): string | undefined
  /** Returns those after one, the oldest first; undefined when that one is not known any more, or more than `limit` follow. */
  after(id: string, limit: number): readonly DeliveryRecord[] | undefined
  /** Calls the listener with each delivery once it is answered; returns what stops that. */
  watch(listener: (record: DeliveryRecord) => void): () => void
}
