import type { Ending, Judged, OpenWait, Place, Reader, Waiter } from '../../base/contracts'
import type { EachLimits } from './full'

/** A callback that came for an iteration. */
export interface Came {
  readonly callback: Judged
  readonly bytes: number
  /** Where it stands in a durable store. */
  readonly place: Place | undefined
}

export interface InboxOptions {
  /** How long the iteration waits for the next callback, in milliseconds. */
  readonly idleMs: number
  readonly limits: EachLimits
  /** Whether a callback ends the iteration, whatever `until` says. */
  readonly isFinal: (callback: Judged) => boolean
  /** Called when the wait has ended, however much is left to be read. */
  readonly onEnd: (ending: Ending) => void
}

/** Keeps the callbacks of an iteration, in the order in which they came, until each of them is dealt with. */
export class Inbox implements Waiter {
  readonly reader: Reader
  readonly timeoutMs: number
  open: OpenWait | undefined = undefined
  /** Called when its wait has ended. */
  onOver: () => void = ignore
  #came: readonly Came[]
  #bytes = 0
  #hasLast = false
  #hasEnded = false
  #ending: Ending | undefined = undefined
  #owner: object | undefined = undefined
  #wake: () => void = ignore

  /** `came` is what another inbox has left. */
  constructor(
    private readonly options: InboxOptions,
    came: readonly Came[] = [],
  ) {
    const { idleMs } = options
    this.timeoutMs = idleMs
    this.#came = came
    this.#bytes = came.reduce((sum, { bytes }) => sum + bytes, 0)
    this.reader = {
      idleMs,
      hasRoom: (bytes) => this.#hasRoom(bytes),
      read: (callback, bytes, place) => this.#read(callback, bytes, place),
      drop: (key) => this.#drop(key),
    }
  }

  /** What came and is not dealt with, oldest first. */
  get left(): readonly Came[] {
    return this.#came
  }

  /** Whether its wait has ended without a last callback, so that another wait can go on with what is left. */
  get isOver(): boolean {
    return this.#ending !== undefined
  }

  /** Whether its wait has ended, by a last callback too. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  onEnd(ending: Ending): void {
    this.#hasEnded = true
    if (ending.kind === 'outcome') this.#add({ callback: ending.outcome, bytes: 0, place: undefined })
    else this.end(ending)
    this.options.onEnd(ending)
    this.onOver()
  }

  /** Ends what reads it: at once, and only when everything is read where time was up. */
  end(ending: Ending): void {
    this.#ending ??= ending
    this.#wake()
  }

  /** Has one reader at a time; the reader before ends. */
  attach(owner: object): void {
    this.#owner = owner
    this.#wake()
  }

  /** Lets go of a reader that reads it no longer. */
  detach(owner: object): void {
    if (this.#owner === owner) this.attach({})
  }

  /** Resolves to the oldest callback that is not dealt with, or to how the wait ended. */
  async first(owner: object): Promise<Came | Ending> {
    for (;;) {
      if (this.#owner !== owner) return { kind: 'closed', isTakenUp: true }
      if (this.#ending !== undefined && this.#ending.kind !== 'timeout') return this.#ending
      const [first] = this.#came
      const found = first ?? this.#ending
      const doubt = first?.place && this.open?.doubt?.(first.place.key)
      if (found !== undefined && doubt === undefined) return found
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await (doubt ? Promise.race([doubt, woken]) : woken)
    }
  }

  /** Takes out the oldest callback, which its reader has dealt with. When another process goes on, the wait ends. */
  async done(owner: object, came: Came): Promise<void> {
    if (this.#owner !== owner || this.#came[0] !== came) return
    this.#came = this.#came.slice(1)
    this.#bytes -= came.bytes
    if (came.place === undefined || this.open?.done === undefined) return
    if (!(await this.open.done(came.place))) this.end({ kind: 'closed', isTakenUp: true })
  }

  #hasRoom(bytes: number): boolean {
    const { max, maxBytes } = this.options.limits
    return this.#came.length === 0 || (this.#came.length < max && this.#bytes + bytes <= maxBytes)
  }

  /** In a durable store the wait lasts until the last callback is dealt with, so that it comes again after a crash. */
  #read(callback: Judged, bytes: number, place: Place | undefined): 'ends' | 'taken' {
    if (this.#hasLast) return 'taken'
    const isFinal = this.options.isFinal(callback)
    if (isFinal && place === undefined) return 'ends'
    this.#hasLast = isFinal
    this.#add({ callback, bytes, place })
    return 'taken'
  }

  /** The reader that is at one of these goes on. */
  #drop(key: string): void {
    this.#came = this.#came.filter(({ place }) => place?.key !== key)
    this.#bytes = this.#came.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#hasLast = this.#came.some(({ callback }) => this.options.isFinal(callback))
  }

  #add(came: Came): void {
    this.#came = [...this.#came, came]
    this.#bytes += came.bytes
    this.#wake()
  }
}

function ignore(): void {}
