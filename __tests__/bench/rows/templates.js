'use strict'

const { alternate, median, ratios } = require('../numbers')
const { runOnce } = require('../processes')
const { show } = require('../report')

/**
 * Shape, candidate to compare with, the goal as a share of its time, and whether quick mode leaves it out.
 * @type {[string, string, number | undefined, boolean][]}
 */
const ROWS = [
  ['path', 'hand-written', 2, false],
  ['path', 'jsonpath-plus', 0.01, false],
  ['path', 'jsonpath-plus-reused', undefined, true],
  ['object', 'hand-written', 6, false],
  ['object', 'jsonpath-plus', 0.01, false],
  ['text', 'hand-written', undefined, false],
  ['text', 'jsonpath-plus', 0.01, true],
  ['specs', 'lodash', 0.25, false],
  ['specs', 'lodash-split', undefined, true],
  ['specs', 'jsonpath-plus', 0.01, true],
]
const WHAT = {
  path: 'a path of three names',
  object: 'a mapping of four fields',
  text: 'a text with one placeholder',
  specs: '500 specs of four fields in turn',
}

/** @param {import('../options').Options} options */
function rows(options) {
  return ROWS.filter(([, , , fullOnly]) => !options.quick || !fullOnly).map(([shape, candidate, goal]) => ({
    id: `templates:${shape}-${candidate}`,
    what: `${WHAT[shape]} / ${candidate}`,
    measure: async () => [await measure(shape, candidate, goal, options)],
  }))
}

/**
 * @param {string} shape
 * @param {string} candidate
 * @param {number | undefined} goal at most this many times the time of the candidate
 * @param {import('../options').Options} options
 */
async function measure(shape, candidate, goal, { lib, quick }) {
  const name = `${WHAT[shape]} / ${candidate}`
  if (candidate.startsWith('lodash') && !isInstalled('lodash')) {
    return { name, ours: '', baseline: 'not installed', note: 'this row needs: npm i --no-save lodash' }
  }
  const one = (/** @type {string} */ which) => () =>
    runOnce('templates.js', [shape, which, lib, String(quick ? 25 : 120)])
  const { a, b } = await alternate(quick ? 5 : 7, one('ours'), one(candidate))
  if (JSON.stringify(a[0].sample) !== JSON.stringify(b[0].sample)) {
    throw new Error(`${name}: the two give different values`)
  }
  const ours = a.map(({ nanoseconds }) => nanoseconds)
  const baseline = b.map(({ nanoseconds }) => nanoseconds)
  const ratio = ratios(ours, baseline)
  const times = 1 / ratio.median
  return {
    name,
    ours: `${show(median(ours))} ns`,
    baseline: `${show(median(baseline))} ns`,
    ratio,
    ...(goal === undefined ? {} : { goal: `<= ${goal}`, reached: ratio.median <= goal }),
    ...(times > 1.5 ? { note: `${show(times)} times as fast` } : {}),
    raw: { ours, baseline },
  }
}

/** @param {string} name */
function isInstalled(name) {
  try {
    require.resolve(name)
    return true
  } catch {
    return false
  }
}

module.exports = { rows }
