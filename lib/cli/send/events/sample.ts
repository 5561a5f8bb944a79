/** A callback as a service sends it. */
export interface SampleEvent {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The content type, as the service writes it. */
  readonly type: string
  readonly body: unknown
}

/** What differs from one callback to the next. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Creates a fresh id of so many characters. */
  readonly createId: (length: number) => string
}

/** Creates a callback with fresh ids and the time of now. */
export type CreateSample = (moment: Moment) => SampleEvent

/** Creates a callback whose body is JSON. */
export function json(body: unknown, headers: SampleEvent['headers'] = {}): SampleEvent {
  return { headers, type: 'application/json', body }
}

/** The time of now in seconds since the epoch. */
export function toSeconds({ now }: Moment): number {
  return Math.floor(now / 1000)
}

/** The time of now, so many milliseconds ago, as an ISO date and time. */
export function toIso({ now }: Moment, agoMs = 0): string {
  return new Date(now - agoMs).toISOString()
}
