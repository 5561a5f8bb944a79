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

/** An endpoint as a store knows it. */
export interface StoreEndpoint {
  /** Its name in events and errors too, stable across restarts and instances: `POST /webhooks/done`. */
  readonly key: string
  /** Without `identify_by`: waits are served first in, first out. */
  readonly anonymous: boolean
  /** Whether its callbacks may be events; then waits that end without an outcome are remembered. */
  readonly startsWorkflow?: boolean
}
