import type { Operation } from '../operations'

/** The order in which the operations of a journal are applied. */
export interface LineOrder {
  /** Sets the number that the first line has to have; without it the lowest one that is found is the first. */
  start(number: number): void
  /** Takes an operation and the number of its line; without a number it counts where it stands. Returns whether it is in its place. */
  take(operation: Operation, number?: number): boolean
  /** Takes note of a line that cannot be read. */
  skip(): void
  /** Applies the rest. */
  finish(): Ordered
}

/** How an order ended. */
export interface Ordered {
  /** The number that the next line has to have. */
  readonly next: number
  /** How many lines are lost, as far as their numbers tell. */
  readonly lost: number
  /** How many operations, behind a line that is not right, change a record that is not there. */
  readonly orphans: number
}

/** What changes a record; one that says how to make the record does not fail for want of it. */
const CHANGES: ReadonlySet<string> = new Set<Operation['type']>(['append', 'claim', 'cut', 'touch'])

interface Numbered {
  readonly number: number
  readonly operation: Operation
}

/**
 * Creates an order, in which operations are applied at once as long as each line is right. From the first one that is not
 * they are kept until the end, and applied in the order of their numbers, each number once: swapped lines count in their
 * true order, and doubled ones once.
 */
export function createLineOrder(apply: (operation: Operation) => number): LineOrder {
  const kept: Numbered[] = []
  let isRight = true
  /** The number of the next operation to be applied. */
  let next: number | undefined
  /** The number of the line before; undefined when that cannot be read. */
  let before: number | undefined
  /** How many lines since the last number cannot be read. */
  let skipped = 0
  let orphans = 0

  function applyOne(operation: Operation): void {
    const isDone = apply(operation) > 0
    if (!isDone && !isRight && CHANGES.has(operation.type) && !('made' in operation && operation.made)) orphans++
  }

  return {
    start(number) {
      next = number
      before = number - 1
    },
    take(operation, number) {
      if (number === undefined) {
        applyOne(operation)
        return true
      }
      const isInPlace = before === undefined || number === before + 1
      before = number
      skipped = 0
      if (!isInPlace) isRight = false
      if (isRight) {
        next = number + 1
        applyOne(operation)
      } else kept.push({ number, operation })
      return isInPlace
    },
    skip() {
      isRight = false
      before = undefined
      skipped++
    },
    finish() {
      let lost = skipped
      for (const { number, operation } of kept.toSorted((one, other) => one.number - other.number)) {
        next ??= number
        if (number < next) continue
        lost += number - next
        next = number + 1
        applyOne(operation)
      }
      return { next: next ?? 1, lost, orphans }
    },
  }
}
