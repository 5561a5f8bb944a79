import type { Delivery, StoreEndpoint } from '../../lib/types'
import { DAY, MINUTE } from './desk'

/** A wait as the model sees it. */
export interface ModelWait {
  readonly ids: Set<string>
  readonly endpoints: readonly StoreEndpoint[]
  readonly deadline: number
  state: 'open' | 'cancelled' | 'ended'
  /** The result that ended it, or `timeout`. */
  ending: number | 'timeout' | undefined
}

interface ModelParked {
  readonly endpoint: StoreEndpoint
  readonly id: string | undefined
  readonly result: number
  readonly until: number
}

/** The rules of section 5.3, written as plainly as possible: lists that are searched from end to end. */
export class Model {
  now = 0
  readonly waits: ModelWait[] = []
  parked: ModelParked[] = []
  readonly forgotten: number[] = []
  #settled: { readonly endpoint: StoreEndpoint; readonly id: string; readonly until: number }[] = []

  wait(ids: readonly string[], endpoints: readonly StoreEndpoint[], timeoutMs: number): void {
    const wait: ModelWait = {
      ids: new Set(ids),
      endpoints,
      deadline: this.now + timeoutMs,
      state: 'open',
      ending: undefined,
    }
    this.waits.push(wait)
    this.#register(wait, ids, true)
  }

  alias(wait: ModelWait, ids: readonly string[]): void {
    if (wait.state !== 'open') return
    const added = ids.filter((id) => !wait.ids.has(id))
    for (const id of added) wait.ids.add(id)
    this.#register(wait, added, false)
  }

  cancel(wait: ModelWait): void {
    if (wait.state === 'open') wait.state = 'cancelled'
  }

  deliver(endpoint: StoreEndpoint, id: string | undefined, result: number): Delivery {
    const candidates = this.waits.filter((wait) => wait.state === 'open' && wait.endpoints.includes(endpoint))
    const ended = id === undefined ? candidates.slice(0, 1) : candidates.filter((wait) => wait.ids.has(id))
    for (const wait of ended) this.#end(wait, id, result)
    if (ended.length > 0) return 'settled'
    if (id !== undefined) {
      if (this.parked.some((one) => one.endpoint === endpoint && one.id === id)) return 'duplicate'
      if (this.#settled.some((one) => one.endpoint === endpoint && one.id === id && this.now < one.until)) {
        return 'duplicate'
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
    if (by === undefined) return
    for (const endpoint of wait.endpoints) {
      for (const id of wait.ids) {
        this.parked = this.parked.filter((one) => one.endpoint !== endpoint || one.id !== id)
        this.#settled.push({ endpoint, id, until: this.now + DAY })
      }
    }
  }
}
