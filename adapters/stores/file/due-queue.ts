/** An item that can stand in one queue, once. */
export interface Queued {
  /** Its time; set by the queue alone while it stands there. */
  at: number
  /** Its place in the queue, or -1; set by the queue alone. */
  place: number
}

/** Items in the order of their times. */
export interface DueQueue<T extends Queued> {
  /** Returns the item with the earliest time. */
  first(): T | undefined
  /** Adds an item, or gives it another time. */
  set(item: T, at: number): void
  /** Removes an item; does nothing when it is not in the queue. */
  remove(item: T): void
}

/** Creates an empty queue: a binary heap whose items know their places, so that each can be moved and removed. */
export function createDueQueue<T extends Queued>(): DueQueue<T> {
  const heap: T[] = []

  function put(item: T, place: number): void {
    heap[place] = item
    item.place = place
  }

  function rise(item: T): void {
    while (item.place > 0) {
      const { place } = item
      const above = Math.floor((place - 1) / 2)
      const parent = heap[above]
      if (parent === undefined || parent.at <= item.at) return
      put(parent, place)
      put(item, above)
    }
  }

  function sink(item: T): void {
    for (;;) {
      const { place } = item
      const [left, right] = [heap[2 * place + 1], heap[2 * place + 2]]
      const child = left !== undefined && right !== undefined && right.at < left.at ? right : left
      if (child === undefined || child.at >= item.at) return
      const below = child.place
      put(child, place)
      put(item, below)
    }
  }

  return {
    first: () => heap[0],
    set(item, at) {
      item.at = at
      if (item.place < 0) put(item, heap.length)
      rise(item)
      sink(item)
    },
    remove(item) {
      const { place } = item
      if (place < 0) return
      const last = heap.pop()
      item.place = -1
      if (last === undefined || last === item) return
      put(last, place)
      rise(last)
      sink(last)
    },
  }
}
