/** Work for the same key is done one after the other, in the order in which it was asked for. */
export interface Turns {
  take<T>(key: string, work: () => Promise<T>): Promise<T>
}

/** Gives turns that remember a key only while there is work for it. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    take(key, work) {
      const before = last.get(key)
      const promise = before === undefined ? work() : before.then(work, work)
      last.set(key, promise)
      const forget = (): void => {
        if (last.get(key) === promise) last.delete(key)
      }
      promise.then(forget, forget)
      return promise
    },
  }
}

/** Work is done at once, but only so much of it; the rest waits in the order in which it was asked for. */
export interface Slots {
  take<T>(work: () => Promise<T>): Promise<T>
}

/** Gives so many slots. */
export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = []
  let free = count
  return {
    async take(work) {
      if (free > 0) free--
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next === undefined) free++
        else next()
      }
    },
  }
}
