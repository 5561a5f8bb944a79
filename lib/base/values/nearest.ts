/** Returns the candidate that a mistyped word most likely meant; undefined when none is near. */
export function findNearest(word: string, candidates: readonly string[]): string | undefined {
  const meant = simplify(word)
  const limit = Math.max(1, Math.floor(meant.length * 0.4))
  let nearest: string | undefined
  let smallest = limit + 1
  for (const candidate of candidates) {
    const distance = measureDistance(meant, simplify(candidate))
    if (distance < smallest) {
      smallest = distance
      nearest = candidate
    }
  }
  return nearest
}

/** `identifyBy`, `Identify-By` and `identify_by` are the same word to the person who typed it. */
function simplify(word: string): string {
  return word
    .slice(0, 64)
    .toLowerCase()
    .replaceAll(/[-_\s]/g, '')
}

/**
 * The edits that turn one word into the other: insert, delete, replace, and swap two neighbours
 * (Damerau-Levenshtein in its "optimal string alignment" form).
 */
export function measureDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = at(last, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1)
      const best = Math.min(at(last, column) + 1, at(current, column - 1) + 1, replaced)
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current.push(isSwap ? Math.min(best, at(beforeLast, column - 2) + 1) : best)
    }
    beforeLast = last
    last = current
  }
  return at(last, to.length)
}

/** Cells outside the table never win. */
function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
