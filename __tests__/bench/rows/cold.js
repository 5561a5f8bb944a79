'use strict'

const { alternate, median, ratios, spread } = require('../numbers')
const { runOnce } = require('../processes')
const { show } = require('../report')

const RUNS = 9
const MOST_MS = 40

/** @param {import('../options').Options} options */
function rows({ lib }) {
  return [{ id: 'cold:require', what: 'require of express and this package / of express', measure: () => measure(lib) }]
}

/** @param {string} lib */
async function measure(lib) {
  const one = (/** @type {string} */ kind) => () => runOnce('cold.js', [kind, lib])
  const { a, b } = await alternate(RUNS, one('ours'), one('express'))
  const cpu = (/** @type {{ cpuMs: number }[]} */ runs) => runs.map(({ cpuMs }) => cpuMs)
  const extra = spread(a.map(({ cpuMs }, index) => cpuMs - b[index].cpuMs))
  const extraRss = median(a.map(({ rssMb }, index) => rssMb - b[index].rssMb))
  return [
    {
      name: 'require, on top of express',
      ours: `${show(median(cpu(a)))} ms CPU`,
      baseline: `${show(median(cpu(b)))} ms CPU`,
      ratio: ratios(cpu(a), cpu(b)),
      goal: `<= +${MOST_MS} ms`,
      reached: extra.median <= MOST_MS,
      note: `+${show(extra.median)} ms [${show(extra.min)}..${show(extra.max)}], +${show(extraRss)} MB`,
      raw: { ours: a, baseline: b },
    },
  ]
}

module.exports = { rows }
