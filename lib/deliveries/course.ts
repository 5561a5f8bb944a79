import type { Outcome, Progress } from '../base/contracts'
import type { Params } from '../base/route-syntax'
import type { Verdict } from './delivery'

/** The head of a request, by the shape that is read of it. */
export interface RequestHead {
  readonly method?: string | undefined
  readonly rawHeaders: readonly string[]
}

/** What templates read of a request that was kept. */
export type KeptRequest = Pick<Course, 'endpoint' | 'method' | 'target' | 'rawHeaders' | 'body' | 'params'>

/** Half of what is read from a socket at once. */
const LARGE_BYTES = 32 * 1024
/** How many ids of a bulk callback are noted. */
const MAX_IDS = 100

/**
 * What is noted of one request while it is served. It holds what there is already and makes nothing of it: most
 * deliveries are never looked at.
 */
export class Course {
  // One text each for the headers and a small body: a thousand deliveries of twenty objects are much for the garbage
  // collector, which would copy them again and again.
  readonly #head: string
  #body: Buffer | string | undefined = undefined
  params: Params | undefined = undefined
  bodyBytes = 0
  isVerified = false
  verdict: Verdict | undefined = undefined
  /** How the callback was judged, or the last item of a bulk one; not the outcome itself, which holds the parsed body. */
  judged: (Outcome | Progress)['outcome'] | undefined = undefined
  /** What `status` of the config read. */
  statusRead: string | undefined = undefined
  /** What `error` of the config read from a failure, or why the request was refused. */
  why: string | undefined = undefined
  code: string | undefined = undefined
  ids: string[] | undefined = undefined
  task: string | undefined = undefined
  items: Partial<Record<Verdict, number>> | undefined = undefined
  /** The HTTP status of the answer. */
  status: number | undefined = undefined
  durationMs = 0

  constructor(
    readonly endpoint: string | undefined,
    readonly receivedAt: number,
    readonly method: string,
    readonly target: string,
    rawHeaders: readonly string[],
    readonly replayOf: string | undefined,
  ) {
    this.#head = rawHeaders.join('\n')
  }

  get rawHeaders(): readonly string[] {
    return this.#head === '' ? [] : this.#head.split('\n')
  }

  /** How many bytes its headers and its body take up. */
  get keptBytes(): number {
    return this.#head.length + (this.#body?.length ?? 0)
  }

  get body(): Buffer | undefined {
    return typeof this.#body === 'string' ? Buffer.from(this.#body, 'latin1') : this.#body
  }

  set body(bytes: Buffer | undefined) {
    this.#body = bytes === undefined || bytes.length >= LARGE_BYTES ? bytes : bytes.toString('latin1')
  }

  /**
   * Keeps the body. A small one is a part of the piece that was read from the socket, and would keep all of it in memory:
   * it is copied.
   */
  keepBody(content: Buffer | string | undefined): void {
    if (content === undefined) return
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    this.body = bytes
    this.bodyBytes = bytes.length
  }

  /** Notes what became of the callback, or of one item of a bulk one. */
  end(verdict: Verdict, outcome?: Outcome | Progress, task?: string): void {
    this.#count(verdict)
    this.verdict = verdict
    if (task !== undefined) this.task = task
    if (outcome === undefined) return
    const { id } = outcome
    this.judged = outcome.outcome
    this.statusRead = outcome.status
    if ('reason' in outcome) this.why = outcome.reason
    if (id === undefined) return
    if (this.ids === undefined) this.ids = [id]
    else if (this.ids.length < MAX_IDS) this.ids.push(id)
  }

  /** Notes that items follow, each with a verdict of its own. */
  countItems(): void {
    this.items = {}
  }

  /** Notes why one item of a bulk callback was refused. */
  refuseItem(code: string, why: string): void {
    this.#count('refused')
    this.verdict = 'refused'
    this.code = code
    this.why = why
  }

  /** Notes why the request as a whole was refused. */
  refuse(code: string, why: string): void {
    this.verdict = 'refused'
    this.items = undefined
    this.code = code
    this.why = why
  }

  #count(verdict: Verdict): void {
    if (this.items) this.items[verdict] = (this.items[verdict] ?? 0) + 1
  }
}
