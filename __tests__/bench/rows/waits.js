'use strict'

const { alternate, median, ratios } = require('../numbers')
const { runOnce } = require('../processes')
const { show } = require('../report')

const MOST_US = 5
/** Settled before anything is measured: more than the store remembers, so that every new one pushes out an old one. */
const EARLIER = 150_000
/**
 * Name, kind, how many, the goal in bytes, rounds in full mode, how many were settled before.
 * @type {[string, string, number, number | undefined, number, number][]}
 */
const ROWS = [
  ['hooks', 'hooks', 100_000, 450, 7, 0],
  ['own', 'store', 100_000, 150, 7, 0],
  ['later', 'store', 100_000, undefined, 5, EARLIER],
  ['hooks-million', 'hooks', 1_000_000, 450, 5, 0],
  ['own-million', 'store', 1_000_000, 150, 5, 0],
]
const WHAT = { hooks: 'hooks.wait', store: "a run's own wait" }

/** @param {import('../options').Options} options */
function rows({ lib, quick }) {
  return ROWS.filter(([, , count, , , earlier]) => !quick || (count === 100_000 && earlier === 0)).map((row) => {
    const [name, kind, count, bytes, rounds, earlier] = row
    const what = `${count.toLocaleString('en-US')} x ${WHAT[kind]}${earlier > 0 ? ' after 150,000 others' : ''}`
    return {
      id: `waits:${name}`,
      what: `${what} / Map + Promise + setTimeout`,
      measure: () => measure(what, { lib, kind, count, bytes, earlier, rounds: quick ? Math.min(rounds, 5) : rounds }),
    }
  })
}

/**
 * @param {string} name
 * @param {{ lib: string, kind: string, count: number, bytes: number | undefined, rounds: number, earlier: number }} plan
 */
async function measure(name, { lib, kind, count, bytes: mostBytes, rounds, earlier }) {
  const one = (/** @type {string} */ which) => () =>
    runOnce('waits.js', [which, lib, String(count), String(earlier)], ['--expose-gc'])
  const { a, b } = await alternate(rounds, one(kind), one('hand'))
  const time = compare(a, b, (run) => run.openUs + run.settleUs)
  const timed = {
    name: `${name}: open and settle`,
    ours: describeTime(a),
    baseline: describeTime(b),
    ratio: time.ratio,
    ...(count === 100_000 ? { goal: `<= ${MOST_US} us`, reached: time.ours <= MOST_US } : {}),
    raw: { ours: a, baseline: b },
  }
  if (mostBytes === undefined) return [timed]
  const bytes = compare(a, b, (run) => run.bytes)
  const heap = {
    name: `${name}: heap`,
    ours: `${show(bytes.ours)} bytes`,
    baseline: `${show(bytes.baseline)} bytes`,
    ratio: bytes.ratio,
    goal: `<= ${mostBytes} bytes`,
    reached: bytes.ours <= mostBytes,
  }
  return [heap, timed]
}

/** @typedef {{ bytes: number, openUs: number, settleUs: number }} Run */

/**
 * @param {Run[]} a
 * @param {Run[]} b
 * @param {(run: Run) => number} pick
 */
function compare(a, b, pick) {
  const [ours, baseline] = [a.map(pick), b.map(pick)]
  return { ours: median(ours), baseline: median(baseline), ratio: ratios(ours, baseline) }
}

/** @param {Run[]} runs */
function describeTime(runs) {
  return `${show(median(runs.map((run) => run.openUs)))} + ${show(median(runs.map((run) => run.settleUs)))} us`
}

module.exports = { rows }
