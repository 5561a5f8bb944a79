import type { Delivery, StoreEndpoint } from '../../lib/base/contracts'
import { DAY, MINUTE } from './desk'

/** A wait as the model sees it. */
export interface ModelWait {
  readonly ids: Set<string>
  readonly endpoints: readonly StoreEndpoint[]
  readonly deadline: number
  state: 'open' | 'cancelled' | 'ended'
  /** The result that ended it, or `timeout`. */
  ending: number | 'timeout' | undefined
  /** Whether a callback with an id ended it, so that all it is known by is settled. */
  isSettled: boolean
}

interface Remembered {
  readonly endpoint: StoreEndpoint
  readonly id: string
  readonly until: number
}

interface ModelParked {
  readonly endpoint: StoreEndpoint
  readonly id: string | undefined
  readonly result: number
  readonly until: number
}

/** Whether a delivery may start a workflow, and whether that works. */
export type ModelStart = 'works' | 'fails' | undefined

/** The rules of sections 5.3 and 5.4, written as plainly as possible: lists that are searched from end to end. */
export class Model {
  now = 0
  readonly waits: ModelWait[] = []
  parked: ModelParked[] = []
  readonly forgotten: number[] = []
  #settled: Remembered[] = []
  #unanswered: Remembered[] = []

  wait(ids: readonly string[], endpoints: readonly StoreEndpoint[], timeoutMs: number): void {
    const wait: ModelWait = {
      ids: new Set(ids),
      endpoints,
      deadline: this.now + timeoutMs,
      state: 'open',
      ending: undefined,
      isSettled: false,
    }
    this.waits.push(wait)
    this.#register(wait, ids, true)
  }

  alias(wait: ModelWait, ids: readonly string[]): void {
    if (wait.isSettled) this.#settle(wait, ids)
    if (wait.state !== 'open') return
    const added = ids.filter((id) => !wait.ids.has(id))
    for (const id of added) wait.ids.add(id)
    this.#register(wait, added, false)
  }

  cancel(wait: ModelWait): void {
    if (wait.state !== 'open') return
    wait.state = 'cancelled'
    this.#leaveUnanswered(wait, this.now)
  }

  /** What became of it; `refused` when it is an event whose start fails. */
  deliver(endpoint: StoreEndpoint, id: string | undefined, result: number, start?: ModelStart): Delivery | 'refused' {
    const isRemembered = (list: readonly Remembered[]): boolean =>
      list.some((one) => one.endpoint === endpoint && one.id === id && this.now < one.until)
    const candidates = this.waits.filter((wait) => wait.state === 'open' && wait.endpoints.includes(endpoint))
    const ended = id === undefined ? candidates.slice(0, 1) : candidates.filter((wait) => wait.ids.has(id))
    for (const wait of ended) this.#end(wait, id, result)
    if (ended.length > 0) return 'settled'
    if (id !== undefined) {
      if (this.parked.some((one) => one.endpoint === endpoint && one.id === id)) return 'duplicate'
      if (isRemembered(this.#settled)) return 'duplicate'
      if (start !== undefined && !isRemembered(this.#unanswered)) {
        if (start === 'fails') return 'refused'
        this.#settled.push({ endpoint, id, until: this.now + DAY })
        return 'started'
      }
    }
    this.parked.push({ endpoint, id, result, until: this.now + 10 * MINUTE })
    return 'parked'
  }

  advance(ms: number): void {
    this.now += ms
    for (const wait of this.waits) {
      if (wait.state !== 'open' || wait.deadline > this.now) continue
      wait.state = 'ended'
      wait.ending = 'timeout'
      this.#leaveUnanswered(wait, wait.deadline)
    }
    this.forgotten.push(...this.parked.filter(({ until }) => until <= this.now).map(({ result }) => result))
    this.parked = this.parked.filter(({ until }) => until > this.now)
  }

  #register(wait: ModelWait, ids: readonly string[], queued: boolean): void {
    this.#settled = this.#settled.filter(({ endpoint, id }) => !(ids.includes(id) && wait.endpoints.includes(endpoint)))
    const early = this.parked.find(({ endpoint, id }) => {
      const fits = id === undefined ? queued : ids.includes(id)
      return fits && wait.endpoints.includes(endpoint)
    })
    if (early === undefined) return
    this.parked = this.parked.filter((other) => other !== early)
    this.#end(wait, early.id, early.result)
  }

  #end(wait: ModelWait, by: string | undefined, result: number): void {
    wait.state = 'ended'
    wait.ending = result
    if (by === undefined) return this.#leaveUnanswered(wait, this.now)
    wait.isSettled = true
    this.#settle(wait, [...wait.ids])
  }

  #settle({ endpoints }: ModelWait, ids: readonly string[]): void {
    for (const endpoint of endpoints) {
      for (const id of ids) {
        this.parked = this.parked.filter((one) => one.endpoint !== endpoint || one.id !== id)
        this.#settled.push({ endpoint, id, until: this.now + DAY })
      }
    }
  }

  #leaveUnanswered({ endpoints, ids }: ModelWait, since: number): void {
    for (const endpoint of endpoints) {
      for (const id of ids) this.#unanswered.push({ endpoint, id, until: since + DAY })
    }
  }
}
