import { createHash } from 'node:crypto'

/** The runs that requests have started in this process, by what tells a repeated delivery. */
export interface KnownRuns {
  /** Returns the task of the first key that is known, null where that delivery has started none; undefined where no key is known. */
  find(keys: readonly string[]): string | null | undefined
  note(keys: readonly string[], task: string | null): void
}

/** How many keys are known; the oldest are forgotten. */
const MAX_KEYS = 20_000

/** Creates an empty memory of runs. */
export function createKnownRuns(): KnownRuns {
  const tasks = new Map<string, string | null>()
  return {
    find: (keys) => keys.map((key) => tasks.get(key)).find((task) => task !== undefined),
    note(keys, task) {
      for (const key of keys) {
        tasks.delete(key)
        tasks.set(key, task)
        const [oldest] = tasks.size > MAX_KEYS ? tasks.keys() : []
        if (oldest !== undefined) tasks.delete(oldest)
      }
    },
  }
}

/** What a request is answered with: the run of one item, or the runs of all of them. */
export class RequestRuns {
  /** The task of each item by its index; undefined for a repeated delivery whose run is not known here. */
  readonly #tasks = new Map<number, string | undefined>()

  constructor(private readonly known: KnownRuns) {}

  get size(): number {
    return this.#tasks.size
  }

  /** Notes that an item has started a task; `keys` are what tells a repeated delivery of it. */
  started(index: number, task: string, keys: readonly string[]): void {
    this.#tasks.set(index, task)
    this.known.note(keys, task)
  }

  /** Notes that an item was delivered and has started nothing, so that it is answered as ever, also when it is repeated. */
  startedNone(keys: readonly string[]): void {
    this.known.note(keys, null)
  }

  /** Notes that an item was delivered before; `task` is the run that it had started then, where the store says so. */
  repeated(index: number, keys: readonly string[], task?: string): void {
    const found = task ?? this.known.find(keys)
    if (found !== null) this.#tasks.set(index, found)
  }

  /** The index and the task of each item that belongs to a run, in the order of the items. */
  list(): readonly (readonly [index: number, task: string | undefined])[] {
    return [...this.#tasks].toSorted(([one], [other]) => one - other)
  }
}

/**
 * Names a delivery of an endpoint by the value of `dedupe_by`, and by its id, which other deliveries may have too; a long id takes
 * up no more memory than a short one.
 */
export function keysOfDelivery(
  endpoint: string,
  id: string | undefined,
  dedupeKey: string | undefined,
): readonly string[] {
  return [
    ...(dedupeKey === undefined ? [] : [digestOf([endpoint, 'delivery', dedupeKey])]),
    ...(id === undefined ? [] : [digestOf([endpoint, 'id', id])]),
  ]
}

function digestOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64')
}
