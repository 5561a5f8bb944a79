/** How one callback, or one item of a bulk callback, turned out. */
export interface Outcome {
  readonly outcome: 'succeeded' | 'failed'
  /** The correlation id; absent where the endpoint has no `identify_by`. */
  readonly id: string | undefined
  /** The endpoint, as `POST /webhooks/done`. */
  readonly endpoint: string
  /** What `result` made of it. */
  readonly result: unknown
  /** What `status` read, as text. */
  readonly status: string | undefined
  readonly body: unknown
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  /** Why the outcome has no result: the `result` template failed, or `fail()` was called with this. */
  readonly error?: unknown
  /** What `error` of the config read from a failed callback, for messages. */
  readonly reason?: string | undefined
}

/** A callback whose status says that the work goes on. */
export type Progress = Omit<Outcome, 'outcome'> & { readonly outcome: 'pending' }

/** A callback, whatever its status says. */
export type Judged = Outcome | Progress

/** Where a callback stands in a durable store, among those that one wait takes. */
export interface Place {
  readonly key: string
  readonly order: number
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Looks at the callbacks of a wait that may go on after them. */
export interface Reader {
  /** For a wait for many callbacks, pending ones too: how long it waits for the next one, in milliseconds. */
  readonly idleMs?: number | undefined
  /** Whether there is room for one more callback of so many bytes. */
  hasRoom(bytes: number): boolean
  /** Reads a callback. `ends`: the callback is to end the wait. A durable store says where it stands. */
  read(callback: Judged, bytes: number, place?: Place): 'ends' | 'taken' | 'filtered'
  /** Called for a callback that was filtered after its sender was answered. */
  onFiltered?(callback: Judged): void
  /** Forgets what came under a key of a durable store, since another process has it. */
  drop?(key: string): void
}

/** An endpoint as a store knows it. */
export interface StoreEndpoint {
  /** Its name in events and errors too, stable across restarts and instances: `POST /webhooks/done`. */
  readonly key: string
  /** Without `identify_by`: waits are served first in, first out. */
  readonly anonymous: boolean
  /** Whether its callbacks may be events; then waits that end without an outcome are remembered. */
  readonly startsWorkflow?: boolean
}
