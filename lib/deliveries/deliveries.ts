import type { DeliveriesSpec } from '../config/normalize'
import { setImmediate } from 'node:timers/promises'
import type { Clock, Logger } from '../base/contracts'
import { callSafely } from '../base/events'
import { CallbackError, reasonOf } from '../base/errors'
import { REDACTED } from '../base/secrets/mask'
import { Course, type KeptRequest, type RequestHead } from './course'
import type { Deliveries, DeliveryFilter, DeliveryRecord, ReadValue } from './delivery'
import { createDeliveryFiles } from './files'
import { createHistory, type History, isWanted } from './history'
import { createProofMask, hideHeaders, hideParams, hideQuery, type Hiding } from './hiding'
import { isShown, toRecord } from './record'
import { Shelf } from './shelf'

export interface DeliveriesOptions extends Hiding {
  readonly clock: Clock
  readonly logger: Logger
  /** Serves a request again; undefined when its endpoint is gone. */
  readonly repeat: (kept: Course, course: Course) => Promise<void> | undefined
  /** What the templates of its endpoint read from a request. */
  readonly explain: (course: KeptRequest) => Promise<readonly ReadValue[]>
}

/** Notes requests while they are served. */
export interface Recorder {
  begin(request: RequestHead, target: string, endpoint: string | undefined): Course
  /** Keeps a request that was answered. */
  end(course: Course): void
}

/** The deliveries of one `callbacks()`. */
export interface DeliveryLog extends Deliveries {
  /** Missing where nothing is noted. */
  readonly recorder: Recorder | undefined
  /** Reads the deliveries of the process before, where they are kept in files. */
  open(): Promise<void>
  close(): Promise<void>
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000
/** How many are looked through before other work gets its turn. */
const SLICE = 50

/** Creates the log of deliveries. */
export function createDeliveries(spec: DeliveriesSpec, options: DeliveriesOptions): DeliveryLog {
  const { clock, logger, secretHeaders, secretParameters } = options
  const { path, maxBytes } = spec
  const files = path === undefined || spec.keep === 0 ? undefined : createDeliveryFiles({ ...options, path, maxBytes })
  const listeners = new Set<(record: DeliveryRecord) => void>()
  const shelf = new Shelf()
  const history = createHistory({ ...spec, onDrop: (course) => course.leave(shelf) })
  let count = 0

  function keep(course: Course): Course {
    count += 1
    course.finish(clock.now(), count, shelf)
    history.add(course)
    files?.write(course)
    if (listeners.size > 0) tell(toRecord(course, options))
    return course
  }

  function tell(record: DeliveryRecord): void {
    const onError = (error: unknown): void => logger.error({ err: error }, 'A listener of deliveries threw')
    for (const listener of new Set(listeners)) callSafely(listener, record, onError)
  }

  function get(id: string): Course {
    const kept = history.find(id)
    if (kept) return kept
    const message = `There is no delivery ${JSON.stringify(id.slice(0, 100))}; it never was, or ${spec.keep} others came since (deliveries.keep)`
    throw new CallbackError('ERR_DELIVERY_UNKNOWN', { message })
  }

  return {
    recorder:
      spec.keep === 0
        ? undefined
        : {
            begin: ({ method = '', rawHeaders }, target, endpoint) =>
              new Course(endpoint, clock.now(), method, target, rawHeaders, undefined),
            end: (course) => void keep(course),
          },
    async open() {
      try {
        history.prepend((await files?.read()) ?? [])
      } catch (error) {
        logger.warn({ err: error }, `The deliveries of before cannot be read from ${path}: ${reasonOf(error)}`)
      }
    },
    close: async () => files?.close(),
    list: async (filter = {}) => listWanted(history, filter, options),
    async find(id) {
      const kept = history.find(id)
      return kept && toRecord(kept, options)
    },
    async explain(id) {
      const course = get(id)
      const { endpoint, method, target, rawHeaders, body, params } = course
      // Templates read what may be shown, so that they show no proof of a sender.
      return options.explain({
        endpoint,
        method,
        body,
        params: hideParams(params, options),
        target: createProofMask(course, options)(hideQuery(target, secretParameters)),
        rawHeaders: hideHeaders(rawHeaders, secretHeaders).flat(),
      })
    },
    async replay(id) {
      const kept = get(id)
      const { endpoint, method, target, rawHeaders } = kept
      const problem = whyNoReplay(kept)
      if (problem !== undefined) throw noReplay(id, problem)
      const course = new Course(endpoint, clock.now(), method, target, rawHeaders, id)
      const repeating = options.repeat(kept, course)
      if (repeating === undefined) throw noReplay(id, `there is no endpoint ${endpoint} any more`)
      await repeating
      return toRecord(keep(course), options)
    },
    latestId: () => history.latest()?.id,
    after: (id, limit) => history.after(id, limit)?.map((course) => toRecord(course, options)),
    watch(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

async function listWanted(history: History, filter: DeliveryFilter, hiding: Hiding): Promise<DeliveryRecord[]> {
  const limit = Math.min(filter.limit ?? DEFAULT_LIMIT, MAX_LIMIT)
  const found: DeliveryRecord[] = []
  let seen = 0
  for (const kept of history.newestFirst(filter.before)) {
    if (found.length >= limit) break
    const record = isWanted(kept, filter) ? toRecord(kept, hiding) : undefined
    if (record && (filter.text === undefined || isShown(record, filter.text, hiding))) found.push(record)
    seen += 1
    if (seen % SLICE === 0) await setImmediate()
  }
  return found
}

function whyNoReplay({ endpoint, isVerified, body, bodyBytes, verdict, ids = [] }: Course): string | undefined {
  if (endpoint === undefined) return 'no endpoint took it'
  if (verdict === 'handshake') return 'it is a handshake'
  if (!isVerified) return 'its sender was not verified'
  // Files keep the bytes of a body as they were, and everything else without secrets.
  if (ids.some((id) => id.includes(REDACTED)))
    return 'its id stands where secrets do (such as ${query.session_id}), and files keep no secrets'
  if (body === undefined && bodyBytes > 0) return 'its body was not kept (deliveries.max_bytes)'
  return body === undefined ? 'its body was taken by a parser of the app' : undefined
}

function noReplay(id: string, reason: string): CallbackError {
  return new CallbackError('ERR_DELIVERY_REPLAY', { message: `The delivery ${id} cannot be replayed: ${reason}` })
}
