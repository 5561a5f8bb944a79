import { findNearest } from '../../base/nearest'

/** The command line was not written as it should be. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** Says what a mistyped word most likely meant, else what there is. */
export function suggest(word: string, candidates: readonly string[]): string {
  const nearest = findNearest(word, candidates)
  return nearest === undefined ? `There are: ${candidates.join(', ')}.` : `Did you mean "${nearest}"?`
}
