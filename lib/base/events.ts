import { CallbackError } from './errors'
import { withoutTickets } from './secrets/hide-tickets'
import { redactHeaders } from './secrets/redact-headers'
import type { GatewayStatus, Logger, Outcome, Progress } from './contracts'

/** What an event about a callback carries of it. Secrets in `headers` are replaced. */
export interface CallbackEvent {
  readonly id?: string | undefined
  /** The endpoint, as `POST /webhooks/done`. */
  readonly endpoint: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>
  readonly outcome?: Outcome | Progress | undefined
  /** Why it was refused. */
  readonly error?: unknown
}

/** Creates the event about an outcome; its body is that of the item, in a bulk callback. */
export function outcomeEvent(outcome: Outcome | Progress): CallbackEvent {
  const { id, endpoint, body, headers } = outcome
  return { id, endpoint, body, headers, outcome }
}

/** A request that no endpoint takes. */
export interface StrayRequest {
  /** Method and path, without secrets. */
  readonly name: string
  /** The id of the ticket in its query. */
  readonly id: string | undefined
  /** The endpoint that was most likely meant; undefined when none is near. */
  readonly meant: () => string | undefined
}

/** What `started` carries. */
export interface StartedEvent extends CallbackEvent {
  /** The id of the task. */
  readonly task: string
}

/** What `task` carries: a run of a workflow began or ended. */
export interface TaskEvent {
  readonly task: string
  readonly workflow: string
  readonly status: 'running' | 'succeeded' | 'failed' | 'cancelled'
  /** Why it did not succeed. */
  readonly error?: unknown
}

/** What `job` carries: a job of a task went on. */
export interface JobEvent {
  readonly task: string
  readonly workflow: string
  /** The id of the job; inside on_error its path, as `paint/on_error/again`. */
  readonly job: string
  readonly status: 'running' | 'waiting' | 'retrying' | 'succeeded' | 'failed' | 'cancelled'
  /** Counted from 1. */
  readonly attempt: number
  /** The ids that it waits for. */
  readonly ids?: readonly string[] | undefined
  readonly error?: unknown
}

export interface Events {
  /** A callback came and could be read. */
  received: CallbackEvent
  /** A wait ended with a success. */
  settled: CallbackEvent
  /** A wait ended with a failure. */
  failed: CallbackEvent
  /** The status says that the work goes on. */
  pending: CallbackEvent
  /** No wait is open for it yet; it is parked. */
  parked: CallbackEvent
  /** Its id is settled already. */
  duplicate: CallbackEvent
  /** `identify_by` found no id in it. */
  unidentified: CallbackEvent
  /** `when` is false for it: of its endpoint, or of each wait for its id, which goes on. */
  filtered: CallbackEvent
  /** A request, or one item of a bulk one, was refused. */
  rejected: CallbackEvent
  /** A wait ran out of time, or no wait came for a parked callback. */
  expired: CallbackEvent
  /** It started a workflow: its endpoint is a trigger, or no wait was open for it and it is an event. */
  started: StartedEvent
  /** A gateway went to another state, or has a new public URL. */
  gateway: GatewayStatus
  /** A run of a workflow began or ended. */
  task: TaskEvent
  /** A job of a task began, waits, is tried again, or ended. */
  job: JobEvent
  warning: { readonly code: string; readonly message: string; readonly at?: string | undefined }
  error: { readonly error: unknown; readonly message: string }
}

export type EventName = keyof Events
/** The events that belong to an endpoint. */
export type CallbackEventName = Exclude<EventName, 'gateway' | 'task' | 'job' | 'warning' | 'error'>
export type EventListener<Name extends EventName> = (event: Events[Name]) => void

export interface Emitter {
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): void
  off<Name extends EventName>(name: Name, listener: EventListener<Name>): void
  /**
   * Creates the event only for an event that has a listener. A listener that throws is logged, and the others are
   * called.
   */
  emit<Name extends EventName>(name: Name, create: () => Events[Name]): void
  /** Counts an event of an endpoint, and emits it. */
  record<Name extends CallbackEventName>(name: Name, endpoint: string, create: () => Events[Name]): void
  /** How often each event of an endpoint was recorded. */
  countsOf(endpoint: string): Readonly<Record<CallbackEventName, number>>
}

/**
 * Creates an emitter that, unlike Node's, never throws: not for `error` without a listener, nor for a bad listener. It
 * redacts the headers of its events; `secretHeaders` are further names of secret ones, in lower case. `note` is told of
 * each event of an endpoint except `received`.
 */
export function createEmitter(
  logger: Logger,
  secretHeaders?: ReadonlySet<string>,
  note?: (name: CallbackEventName, event: CallbackEvent) => void,
): Emitter {
  const listeners: { readonly [Name in EventName]: Set<EventListener<Name>> } = {
    received: new Set(),
    settled: new Set(),
    failed: new Set(),
    pending: new Set(),
    parked: new Set(),
    duplicate: new Set(),
    filtered: new Set(),
    unidentified: new Set(),
    rejected: new Set(),
    expired: new Set(),
    started: new Set(),
    gateway: new Set(),
    task: new Set(),
    job: new Set(),
    warning: new Set(),
    error: new Set(),
  }
  const counts = new Map<string, Record<CallbackEventName, number>>()

  function countsOf(endpoint: string): Record<CallbackEventName, number> {
    const known = counts.get(endpoint)
    if (known) return known
    const zero = createCounts()
    counts.set(endpoint, zero)
    return zero
  }

  const emitter: Emitter = {
    on(name, listener) {
      if (!Object.hasOwn(listeners, name)) throw unknownEvent(name, Object.keys(listeners))
      if (typeof listener !== 'function') throw noListener(name)
      listeners[name].add(listener)
    },
    off(name, listener) {
      if (!Object.hasOwn(listeners, name)) throw unknownEvent(name, Object.keys(listeners))
      listeners[name].delete(listener)
    },
    emit(name, create) {
      if (listeners[name].size === 0) return
      const event = withoutSecrets(create(), secretHeaders)
      const onError = (error: unknown): void =>
        logger.error({ err: error, event: name }, `A listener of "${name}" threw`)
      for (const listener of new Set(listeners[name])) callSafely(listener, event, onError)
    },
    record(name, endpoint, create) {
      countsOf(endpoint)[name] += 1
      if (note === undefined || name === 'received') return emitter.emit(name, create)
      const event = create()
      note(name, event)
      emitter.emit(name, () => event)
    },
    countsOf,
  }
  return emitter
}

/** Headers stand in an event and in its outcome; the error of a refusal may quote a ticket, whose wait goes on. */
function withoutSecrets<E extends Events[EventName]>(given: E, secretHeaders: ReadonlySet<string> | undefined): E {
  const error = 'error' in given ? withoutTickets(given.error) : undefined
  const event = 'error' in given && error !== given.error ? { ...given, error } : given
  if (!('endpoint' in event)) return event
  const { headers, outcome } = event
  const redacted = headers && redactHeaders(headers, secretHeaders)
  return {
    ...event,
    ...(redacted && { headers: redacted }),
    ...(outcome && { outcome: { ...outcome, headers: redactHeaders(outcome.headers, secretHeaders) } }),
  }
}

/** Calls what a user gave, which may be asynchronous whatever its type says, and may fail either way. */
export function callSafely<T>(listener: (value: T) => unknown, value: T, onError: (error: unknown) => void): void {
  try {
    Promise.resolve(listener(value)).catch(onError)
  } catch (error) {
    onError(error)
  }
}

function unknownEvent(name: string, known: readonly string[]): CallbackError {
  const message = `There is no event ${JSON.stringify(name)}; there are ${known.join(', ')}`
  return new CallbackError('ERR_CONFIG_VALUE', { at: 'event', message })
}

function noListener(name: string): CallbackError {
  return new CallbackError('ERR_CONFIG_VALUE', { at: 'listener', message: `The listener of "${name}" is no function` })
}

function createCounts(): Record<CallbackEventName, number> {
  return {
    received: 0,
    settled: 0,
    failed: 0,
    pending: 0,
    parked: 0,
    duplicate: 0,
    filtered: 0,
    unidentified: 0,
    rejected: 0,
    expired: 0,
    started: 0,
  }
}
