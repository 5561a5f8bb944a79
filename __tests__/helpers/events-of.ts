import type { Callbacks, EventName } from '../../lib'

const NAMES: readonly EventName[] = [
  'received',
  'settled',
  'failed',
  'pending',
  'parked',
  'duplicate',
  'unidentified',
  'filtered',
  'rejected',
  'expired',
  'started',
  'warning',
  'error',
]

export interface SeenEvent {
  readonly name: EventName
  readonly event: object
}

/** Collects every event from now on. */
export function eventsOf(hooks: Callbacks): readonly SeenEvent[] {
  const seen: SeenEvent[] = []
  for (const name of NAMES) hooks.on(name, (event) => void seen.push({ name, event }))
  return seen
}

/** The names of the events in their order. */
export function namesOf(events: readonly SeenEvent[]): readonly EventName[] {
  return events.map(({ name }) => name)
}
