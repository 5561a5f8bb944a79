'use strict'

const { alternate, median, ratios } = require('../numbers')
const { runOnce } = require('../processes')
const { show } = require('../report')

/** Shape, candidate to compare with, the goal, and whether the goal is "so many times faster" than the candidate. */
const ROWS = [
  ['path', 'hand-written', 2],
  ['path', 'jsonpath-plus', 0.01],
  ['path', 'jsonpath-plus-reused', undefined],
  ['object', 'hand-written', 6],
  ['object', 'jsonpath-plus', 0.01],
  ['text', 'hand-written', undefined],
  ['text', 'jsonpath-plus', 0.01],
  ['specs', 'lodash', 0.25],
  ['specs', 'lodash-split', undefined],
  ['specs', 'jsonpath-plus', 0.01],
]
const WHAT = {
  path: 'a path of three names',
  object: 'a mapping of four fields',
  text: 'a text with one placeholder',
  specs: '500 specs of four fields in turn',
}

/** @param {import('../options').Options} options */
function rows(options) {
  return ROWS.map(([shape, candidate, goal]) => ({
    id: `templates:${shape}-${candidate}`,
    what: `${WHAT[String(shape)]} / ${candidate}`,
    measure: async () => [await measure(String(shape), String(candidate), goal, options)],
  }))
}

/**
 * @param {string} shape
 * @param {string} candidate
 * @param {unknown} goal at most this many times the time of the candidate
 * @param {import('../options').Options} options
 */
async function measure(shape, candidate, goal, { lib, quick }) {
  const name = `${WHAT[shape]} / ${candidate}`
  if (candidate.startsWith('lodash') && !isInstalled('lodash')) {
    return { name, ours: '', baseline: 'not installed', note: 'this row needs: npm i --no-save lodash' }
  }
  const one = (/** @type {string} */ which) => () =>
    runOnce('templates.js', [shape, which, lib, String(quick ? 25 : 200)])
  const { a, b } = await alternate(quick ? 5 : 9, one('ours'), one(candidate))
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
    ...(typeof goal === 'number' ? { goal: `<= ${goal}`, reached: ratio.median <= goal } : {}),
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
