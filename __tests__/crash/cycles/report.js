'use strict'

/** What must be 0 in every run. */
const FAULTS = {
  lost: 'acknowledged callbacks lost',
  lostRuns: 'runs lost',
  resultsTwice: 'results twice',
  endedTwice: 'runs ended twice',
  recordedRepeated: 'recorded sends repeated',
}
const FIGURES = {
  cycles: 'cycles',
  runs: 'runs begun',
  waits: 'waits by key',
  acknowledged: 'callbacks acknowledged',
  ...FAULTS,
  unrecordedRepeated: 'unrecorded sends repeated (allowed)',
  toldAgain: 'ends told again by the heir of a process that died as it told them (allowed)',
}
const NAME_WIDTH = 78
const COUNT_WIDTH = 10

/** How long takeover may take, in seconds. */
const MOST_SECONDS = { 'kill -9': 10, 'close()': 1 }

/** @typedef {Record<string, any>} Figures what was found on one store */

/**
 * Says what was promised and not kept.
 * @param {Record<string, Figures>} stores
 * @returns {string[]}
 */
function faultsOf(stores) {
  return Object.entries(stores).flatMap(([store, figures]) =>
    Object.entries(FAULTS).flatMap(([key, what]) => (figures[key] === 0 ? [] : [`${store}: ${figures[key]} ${what}`])),
  )
}

/**
 * Prints the figures of each store beside each other, and what is not as promised.
 * @param {{ seed: number }} options
 * @param {Record<string, Figures>} stores
 */
function report({ seed }, stores) {
  const names = Object.keys(stores)
  const line = (/** @type {string} */ what, /** @type {(figures: Figures) => unknown} */ read) =>
    console.log(
      `${what.padEnd(NAME_WIDTH)} ${names.map((name) => String(read(stores[name])).padStart(COUNT_WIDTH)).join(' ')}`,
    )
  console.log(`seed ${seed}`)
  console.log(`${''.padEnd(NAME_WIDTH)} ${names.map((name) => name.padStart(COUNT_WIDTH)).join(' ')}`)
  for (const [key, what] of Object.entries(FIGURES)) line(what, (figures) => figures[key])
  for (const [how, most] of Object.entries(MOST_SECONDS))
    line(`takeover after ${how}, the slowest (goal: ${most} s)`, ({ takeovers }) => slowest(takeovers?.[how]))
  for (const [name, { refused, found }] of Object.entries(stores)) {
    const codes = Object.entries(refused).map(([code, count]) => `${count} x ${code}`)
    if (codes.length > 0) console.log(`${name}: refused and asked again: ${codes.join(', ')}`)
    for (const one of found) console.log(`${name}: ${one}`)
  }
}

/** @param {number[]} [seconds] */
function slowest(seconds = []) {
  return seconds.length === 0 ? '-' : `${Math.max(...seconds).toFixed(2)} s`
}

module.exports = { faultsOf, report }
