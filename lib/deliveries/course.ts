import type { Outcome, Progress } from '../base/contracts'
import type { Params } from '../base/route-syntax'
import type { Verdict } from './delivery'
import type { Piece, Shelf } from './shelf'

/** The head of a request, by the shape that is read of it. */
export interface RequestHead {
  readonly method?: string | undefined
  readonly rawHeaders: readonly string[]
}

/** What templates read of a request that was kept. */
export type KeptRequest = Pick<Course, 'endpoint' | 'method' | 'target' | 'rawHeaders' | 'body' | 'params'>

/**
 * Half of what is read from a socket at once. A smaller body is a part of what was read, and would keep all of it in memory:
 * it is copied.
 */
const LARGE_BYTES = 32 * 1024
/** The most bytes that a character of a text takes in UTF-8. */
const MAX_UTF8 = 3
/** How many ids of a bulk callback are noted. */
const MAX_IDS = 100

/**
 * What is noted of one request while it is served. It holds what there is already and makes nothing of it: most
 * deliveries are never looked at.
 */
export class Course {
  // Until `finish` has put them on a shelf; a large body stays where it is.
  #rawHeaders: readonly string[] | undefined
  #body: Buffer | undefined = undefined
  #piece: Piece | undefined = undefined
  #start = 0
  #middle = 0
  /** Where the body ends on the shelf; negative for a body that is not there. */
  #end = -1
  #isGone = false
  /** Its id; while nobody has asked for that, its place among the deliveries of this process. */
  #id: string | number = 0
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
    this.#rawHeaders = rawHeaders
  }

  /** Later deliveries have greater ids, over restarts too. */
  get id(): string {
    if (typeof this.#id === 'number') this.#id = writeId(this.receivedAt + this.durationMs, this.#id)
    return this.#id
  }

  set id(id: string) {
    this.#id = id
  }

  /**
   * Notes when it was answered, and its place among the deliveries of this process, of which its id is made. Puts its headers
   * and a small body on the shelf.
   */
  finish(now: number, place: number, shelf: Shelf): void {
    this.durationMs = Math.max(0, now - this.receivedAt)
    this.#id = place
    const head = this.rawHeaders.join('\n')
    const body = this.#body
    const isSmall = body !== undefined && body.length < LARGE_BYTES
    const start = shelf.take(head.length * MAX_UTF8 + (isSmall ? body.length : 0))
    const { bytes } = (this.#piece = shelf.piece)
    this.#start = start
    this.#middle = start + bytes.write(head, start)
    this.#rawHeaders = undefined
    if (isSmall) {
      bytes.set(body, this.#middle)
      this.#end = this.#middle + body.length
      this.#body = undefined
    }
    shelf.giveBack(isSmall ? this.#end : this.#middle)
  }

  /** Leaves its place on the shelf to others: it has neither headers nor a small body then. */
  leave(shelf: Shelf): void {
    this.#isGone = true
    if (this.#piece === undefined) return
    shelf.leave(this.#piece)
    this.#piece = undefined
    this.#end = -1
  }

  /** Whether it is kept no longer. */
  get isGone(): boolean {
    return this.#isGone
  }

  get rawHeaders(): readonly string[] {
    if (this.#rawHeaders) return this.#rawHeaders
    const head = this.#piece?.bytes.toString('utf8', this.#start, this.#middle) ?? ''
    return head === '' ? [] : head.split('\n')
  }

  /** How many bytes its headers and its body take up. */
  get keptBytes(): number {
    const head = this.#rawHeaders?.join('\n').length ?? this.#middle - this.#start
    return head + Math.max(this.#end - this.#middle, 0) + (this.#body?.length ?? 0)
  }

  get body(): Buffer | undefined {
    if (this.#end < 0 || this.#piece === undefined) return this.#body
    return Buffer.from(this.#piece.bytes.subarray(this.#middle, this.#end))
  }

  set body(bytes: Buffer | undefined) {
    this.#body = bytes
    this.#end = -1
  }

  /** Keeps the body as it is until `finish`. */
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

function writeId(endedAt: number, place: number): string {
  return `dlv_${endedAt.toString(36).padStart(9, '0')}${place.toString(36).padStart(6, '0')}`
}
