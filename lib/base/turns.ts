import { setImmediate } from 'node:timers/promises'

/** How long one body may be worked on before other work gets its turn. */
const TURN_MS = 5

/** The time that one body's work has had since other work ran. */
export interface Turn {
  /** Whether `next` is due. */
  isOver(): boolean
  /** Lets other work run, and resolves when a new turn begins. */
  next(): Promise<void>
}

/** Creates a turn of 5 milliseconds for work that is done in small pieces. */
export function createTurn(): Turn {
  let end = performance.now() + TURN_MS
  return {
    isOver: () => performance.now() > end,
    async next() {
      await setImmediate()
      end = performance.now() + TURN_MS
    },
  }
}

/** Runs work that was given earlier to its end, then this work; settles as this work does. */
export type TakeTurn = <T>(work: () => Promise<T>) => Promise<T>

/** Creates a queue of work that is done one after the other, in the order in which it is given. */
export function createTurns(): TakeTurn {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
}

/** Limits how much work is done at once. */
export interface Slots {
  /** Runs `work` as soon as a slot is free; rejects with `full()` when the queue is full. */
  run<T>(work: () => Promise<T>): Promise<T>
}

/** Creates `max` slots (0: any number) and a queue of `maxQueue` places for work that finds no slot free. */
export function createSlots(max: number, maxQueue: number, full: () => Error): Slots {
  if (max === 0) return { run: (work) => work() }
  const queue: (() => void)[] = []
  let busy = 0

  async function enter(): Promise<void> {
    if (busy < max) {
      busy += 1
      return
    }
    if (queue.length >= maxQueue) throw full()
    await new Promise<void>((resolve) => queue.push(resolve))
  }

  /** A slot goes straight to the next in the queue, so that no newer work can take it in between. */
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
