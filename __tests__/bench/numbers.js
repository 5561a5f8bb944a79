'use strict'

/**
 * The middle one of some numbers.
 * @param {readonly number[]} values
 */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Median, smallest and largest.
 * @param {readonly number[]} values
 */
function spread(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/**
 * The ratio of each pair; the two of a pair were measured one right after the other.
 * @param {readonly number[]} ours
 * @param {readonly number[]} baseline
 */
function ratios(ours, baseline) {
  return spread(ours.map((value, index) => value / baseline[index]))
}

/**
 * Runs two measurements in turn, A B, B A, A B: neither always comes first, so that drift and the other one's leftovers
 * weigh on both alike.
 * @template T
 * @param {number} rounds
 * @param {() => Promise<T>} a
 * @param {() => Promise<T>} b
 * @returns {Promise<{ a: T[], b: T[] }>}
 */
async function alternate(rounds, a, b) {
  /** @type {{ a: T[], b: T[] }} */
  const results = { a: [], b: [] }
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) results.a.push(await a())
    results.b.push(await b())
    if (round % 2 === 1) results.a.push(await a())
  }
  return results
}

module.exports = { median, spread, ratios, alternate }
