/** How much may wait to be sent, so that a process that is asked for too much does not fill its memory. */
const MAX_WAITING = 100_000

/** An item that waits for its answer. */
export interface Waiting<I, O> {
  readonly item: I
  /** When it was added, on the clock of the lane, in milliseconds. */
  readonly since: number
  resolve(answer: O): void
  reject(error: unknown): void
}

export interface BacklogOptions<I> {
  /** How many items a batch has at most. */
  readonly maxItems: number
  /** How many bytes a batch of more than one item has at most; default: any number. */
  readonly maxBytes?: number | undefined
  readonly bytesOf?: ((item: I) => number) | undefined
  /** The names of the records that an item changes. A batch leaves out what a batch on its way changes. Default: none. */
  readonly namesOf?: ((item: I) => readonly string[]) | undefined
}

/** The items of a lane that wait to be sent, in the order in which they were added. */
export interface Backlog<I, O> {
  isEmpty(): boolean
  /** Throws when too many items wait already. */
  add(waiting: Waiting<I, O>): void
  /** Takes the oldest items. An item stays when it, or an older item of the same record, has to wait for a batch on its way. */
  take(): readonly Waiting<I, O>[]
  /** Ends a batch that was taken: other items of its records may be sent. */
  end(batch: readonly Waiting<I, O>[]): void
  /** Removes the items that were added up to that time; default: all. */
  remove(until?: number): readonly Waiting<I, O>[]
}

/** Creates an empty backlog. */
export function createBacklog<I, O>(options: BacklogOptions<I>): Backlog<I, O> {
  const { maxItems, maxBytes = Infinity, bytesOf = () => 0, namesOf = () => [] } = options
  let queue: Waiting<I, O>[] = []
  /** The records of the batches on their way. */
  const busy = new Set<string>()

  return {
    isEmpty: () => queue.length === 0,
    add(waiting) {
      if (queue.length >= MAX_WAITING) throw new Error(`${MAX_WAITING} operations wait already`)
      queue.push(waiting)
    },
    take() {
      const batch: Waiting<I, O>[] = []
      const left: Waiting<I, O>[] = []
      const taken = new Set(busy)
      let bytes = 0
      for (const waiting of queue) {
        if (batch.length === maxItems || left.length === maxItems) break
        const names = namesOf(waiting.item)
        if (names.some((name) => taken.has(name))) {
          left.push(waiting)
          for (const name of names) taken.add(name)
          continue
        }
        bytes += bytesOf(waiting.item)
        if (batch.length > 0 && bytes > maxBytes) break
        batch.push(waiting)
      }
      queue = left.concat(queue.slice(batch.length + left.length))
      for (const { item } of batch) for (const name of namesOf(item)) busy.add(name)
      return batch
    },
    end(batch) {
      for (const { item } of batch) for (const name of namesOf(item)) busy.delete(name)
    },
    remove(until = Infinity) {
      const removed = queue.filter(({ since }) => since <= until)
      queue = queue.filter(({ since }) => since > until)
      return removed
    },
  }
}
