import { findNearest } from '../../base/values/nearest'

/** The error for a command line that cannot be understood. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** Names the word that was most likely meant, else all that there are. */
export function suggest(word: string, candidates: readonly string[]): string {
  const nearest = findNearest(word, candidates)
  return nearest === undefined ? `There are: ${candidates.join(', ')}.` : `Did you mean "${nearest}"?`
}
