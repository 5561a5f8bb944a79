import type { Expected } from '../../lib/base/run'

/** What a job waits for. */
export interface WaitSpec {
  readonly mode: 'any' | 'all'
  readonly branches: readonly {
    readonly ids: readonly string[]
    readonly path?: string | undefined
    readonly ms?: number | undefined
    /** The model knows none. */
    readonly when?: Expected['when']
  }[]
  /** The limit of all branches together, in milliseconds. */
  readonly ms: number
}

/** A callback that a test plays. */
export interface Callback {
  readonly id: string
  readonly path: string
  readonly isGood: boolean
  readonly value: number
}

/** How a job ended: by its output, or by an error. */
export type End = { readonly output: unknown } | { readonly code: string; readonly id?: string }

interface Branch {
  readonly ids: readonly string[]
  readonly paths: readonly string[]
  readonly until: number
  got: (Callback & { readonly at: number }) | undefined
  isMissed: boolean
}

const PATHS = ['/done', '/other']

/** The rules of `any` and `all`, written as plainly as possible. */
export class Model {
  now = 0
  end: End | undefined = undefined
  parked: (Callback & { readonly at: number })[] = []
  readonly #settled = new Set<string>()
  #branches: Branch[] = []
  /** Those that have ended, in the order in which they did. */
  readonly #order: Branch[] = []
  #mode: WaitSpec['mode'] = 'any'

  /** Whether two branches wait for something in common, and one of them for more. */
  static overlaps(branches: WaitSpec['branches']): boolean {
    return overlaps(branches)
  }

  get waiting(): number {
    return this.#branches.length
  }

  begin({ mode, branches, ms }: WaitSpec): void {
    this.#mode = mode
    if (mode === 'all' && Model.overlaps(branches)) {
      this.end = { code: 'ERR_WAIT_ID' }
      return
    }
    for (const { ids, path, ms: own = ms } of branches) {
      const paths = path === undefined ? PATHS : [path]
      const branch: Branch = { ids, paths, until: this.now + Math.min(own, ms), got: undefined, isMissed: false }
      this.#branches.push(branch)
      for (const one of ids) for (const at of paths) this.#settled.delete(`${at} ${one}`)
      const early = this.parked.find((one) => isFor(one, branch))
      if (early) this.#give(branch, early)
    }
    // One callback is for every branch that waits for its id.
    if (mode === 'all') for (const { got } of this.#branches) if (got) this.#share(got)
    this.#decide()
  }

  /** Several that come before the job sees the first of them. */
  receive(callbacks: readonly Callback[]): void {
    for (const callback of callbacks) {
      const come = { ...callback, at: this.now }
      const open = this.#branches.filter((one) => one.got === undefined && !one.isMissed && isFor(callback, one))
      for (const branch of open) this.#give(branch, come)
      const isKnown = this.#settled.has(nameOf(callback)) || this.parked.some((one) => nameOf(one) === nameOf(callback))
      if (open.length === 0 && !isKnown) this.parked.push(come)
    }
    this.#decide()
  }

  advance(ms: number): void {
    this.now += ms
    for (const branch of this.#branches)
      if (branch.got === undefined && branch.until <= this.now) branch.isMissed = true
    this.#decide()
  }

  /** What becomes of one more callback for each id on each endpoint, when the job has ended. */
  probe(ids: readonly string[]): readonly string[] {
    return ids.flatMap((id) =>
      PATHS.map((path) => {
        const isParked = this.parked.some((one) => one.id === id && one.path === path)
        return isParked || this.#settled.has(`${path} ${id}`) ? 'duplicate' : 'parked'
      }),
    )
  }

  stop(code: string): void {
    if (this.#branches.length > 0) this.#finish({ code })
  }

  #give(branch: Branch, callback: Callback & { readonly at: number }): void {
    branch.got = callback
    this.parked = this.parked.filter((one) => !isFor(one, branch))
    for (const id of branch.ids) for (const path of branch.paths) this.#settled.add(`${path} ${id}`)
    this.#order.push(branch)
  }

  #share(callback: Callback & { readonly at: number }): void {
    for (const branch of this.#branches) if (branch.got === undefined && isFor(callback, branch)) branch.got = callback
  }

  #decide(): void {
    if (this.#branches.length === 0) return
    const ended = this.#branches.filter(({ got }) => got !== undefined)
    if (this.#mode === 'any') {
      const [first] = ended.toSorted((one, other) => (one.got?.at ?? 0) - (other.got?.at ?? 0))
      if (first?.got) this.#finish(first.got.isGood ? { output: first.got.value } : failed(first.got))
      else if (this.#branches.every(({ isMissed }) => isMissed)) this.#finish({ code: 'ERR_WAIT_TIMEOUT' })
      return
    }
    const bad = this.#order.find(({ got }) => got?.isGood === false)
    if (bad?.got) this.#finish(failed(bad.got))
    else if (this.#branches.some(({ isMissed }) => isMissed)) this.#finish({ code: 'ERR_WAIT_TIMEOUT' })
    else if (ended.length === this.#branches.length) this.#finish({ output: ended.map(({ got }) => got?.value) })
  }

  #finish(end: End): void {
    this.end = end
    this.#branches = []
  }
}

/** Whether two branches wait for something in common, and one of them for more. */
function overlaps(branches: WaitSpec['branches']): boolean {
  const keys = branches.map(({ ids, path }) =>
    (path === undefined ? PATHS : [path]).flatMap((at) => ids.map((id) => `${at} ${id}`)).toSorted(),
  )
  return keys.some((own) => keys.some((other) => own.some((key) => other.includes(key)) && own.join() !== other.join()))
}

function nameOf({ path, id }: Callback): string {
  return `${path} ${id}`
}

function isFor({ id, path }: Callback, { ids, paths }: Branch): boolean {
  return ids.includes(id) && paths.includes(path)
}

function failed({ id }: Callback): End {
  return { code: 'ERR_CALLBACK_FAILED', id }
}
