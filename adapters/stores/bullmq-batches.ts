/** Sends what it is given, several at once when they come faster than they can be sent. */
export interface Batches<T> {
  /** Resolves when it was sent; a batch that fails fails for all that is in it. */
  add(item: T): Promise<void>
}

interface Batch<T> {
  readonly items: T[]
  readonly sent: Promise<void>
}

/** While one batch is on its way, the next one gathers. */
export function createBatches<T>(maxItems: number, send: (items: readonly T[]) => Promise<unknown>): Batches<T> {
  let last: Promise<unknown> = Promise.resolve()
  let next: Batch<T> | undefined

  function startBatch(): Batch<T> {
    const items: T[] = []
    const batch = { items, sent: last.then(leave).then(() => undefined) }
    function leave(): Promise<unknown> {
      if (next === batch) next = undefined
      return send(items)
    }
    last = batch.sent.catch(() => undefined)
    return batch
  }

  return {
    add(item) {
      if (next === undefined || next.items.length >= maxItems) next = startBatch()
      next.items.push(item)
      return next.sent
    },
  }
}
