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
