import type { Operation } from '../operations'

/** The order in which the operations of a journal are applied. */
export interface LineOrder {
  /** Sets the number of the first line; without it, the lowest number that is found is the first. */
  start(number: number): void
  /** Takes an operation and the number of its line, which lines of version 1 lack. Returns whether the line is in its place. */
  take(operation: Operation, number?: number): boolean
  /** Takes note of a line that cannot be read. */
  skip(): void
  /** Applies the rest. */
  finish(): Ordered
}

/** The result of an order. */
export interface Ordered {
  /** The number that the next line has to have. */
  readonly next: number
  /** How many lines are lost, as far as their numbers tell. */
  readonly lost: number
  /** How many operations behind a wrong line change a record that does not exist. */
  readonly orphans: number
}

/** The operations that change a record. One with `made` creates the record when it does not exist. */
const CHANGES: ReadonlySet<string> = new Set<Operation['type']>(['append', 'claim', 'cut', 'touch'])

interface Numbered {
  readonly number: number
  readonly operation: Operation
}

/**
 * Creates an order. Operations are applied at once until a line is wrong. From then on they are kept until the end, and then
 * applied in the order of their numbers, each number once: so swapped lines are put in order, and doubled ones count once.
 */
export function createLineOrder(apply: (operation: Operation) => number): LineOrder {
  const kept: Numbered[] = []
  let isRight = true
  /** The number of the next operation to be applied. */
  let next: number | undefined
  /** The number of the line before; undefined when that line cannot be read. */
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
