import { CallbackError } from '../../base/errors'

/** Lets only so many callbacks be in work at once. */
export interface Slots {
  /** Runs `work` when a slot is free; throws `ERR_QUEUE_FULL` when too many wait for one. */
  run<T>(work: () => Promise<T>): Promise<T>
}

/** Gives `max` slots (0: any number) and a queue of `maxQueue` for those that find none. */
export function createSlots(max: number, maxQueue: number): Slots {
  if (max === 0) return { run: (work) => work() }
  const queue: (() => void)[] = []
  let busy = 0

  async function enter(): Promise<void> {
    if (busy < max) {
      busy += 1
      return
    }
    if (queue.length >= maxQueue) throw queueFull(max, maxQueue)
    await new Promise<void>((resolve) => queue.push(resolve))
  }

  /** A slot goes straight to the next in the queue, so that nobody can slip in between. */
  function leave(): void {
    const next = queue.shift()
    if (next) next()
    else busy -= 1
  }

  return {
    async run(work) {
      await enter()
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}

function queueFull(max: number, maxQueue: number): CallbackError {
  return new CallbackError('ERR_QUEUE_FULL', {
    message: `${max} callbacks are in work and ${maxQueue} wait for their turn (max_concurrent_count, max_queue)`,
  })
}
