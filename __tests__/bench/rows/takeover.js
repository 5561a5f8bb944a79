'use strict'

const { startWorker } = require('../processes')
const { show } = require('../report')
const { withPlace } = require('../places')

const RUNS = 100_000
const QUICK_RUNS = 10_000
const MEGABYTE = 1024 ** 2
const GOAL = { seconds: 30, ratio: 1.5 }

/** @param {import('../options').Options} options */
function rows(options) {
  return ['redis', 'postgres'].map((name) => ({
    id: `stores:${name}-takeover`,
    what: `${name}: waiting runs are taken up after kill -9`,
    measure: () => withPlace(name, `${name}: waiting runs taken up`, (place) => measure(name, place, options)),
  }))
}

/**
 * Kills the one of two instances that has all the runs.
 * @param {string} name
 * @param {import('../places').Place} place
 * @param {import('../options').Options} options
 * @returns {Promise<import('../report').Result[]>}
 */
async function measure(name, { spec }, { lib, quick, cpuProf }) {
  const count = quick ? QUICK_RUNS : RUNS
  const profile = cpuProf === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${cpuProf}`]
  const start = () =>
    startWorker('runs-server.js', {
      parameters: [lib, JSON.stringify(spec)],
      nodeOptions: ['--expose-gc', ...profile],
    })
  const [owner, heir] = [start(), start()]
  try {
    await Promise.all([owner, heir].map((worker) => worker.ask({ step: 'open' })))
    const began = Date.now()
    const before = await owner.ask({ step: 'begin', count })
    const perSecond = count / ((Date.now() - began) / 1000)
    const killedAt = Date.now()
    owner.kill()
    const { taken, at, cpuUs } = await heir.ask({ step: 'taken', count })
    const after = await heir.ask({ step: 'rss', count })
    const seconds = (at - killedAt) / 1000
    const ratio = after.rss / before.rss
    return [
      {
        name: `${name}: ${count.toLocaleString('en-US')} waiting runs taken up`,
        ours: `${show(seconds)} s, ${show(after.rss / MEGABYTE)} MB`,
        baseline: `${show(before.rss / MEGABYTE)} MB`,
        ratio: { median: ratio, min: ratio, max: ratio },
        goal: `${GOAL.seconds} s, ${GOAL.ratio} x`,
        reached: taken === count && seconds <= GOAL.seconds && ratio <= GOAL.ratio,
        note:
          `${taken.toLocaleString('en-US')} runs of a process that was killed; all wait again after ` +
          `${show((after.at - killedAt) / 1000)} s; the ratio is that of resident memory, of the heir after to the owner ` +
          `before; ${show(cpuUs / count)} us CPU of ours each; ${show(perSecond)} runs begun per second`,
        raw: { seconds, before, after },
      },
    ]
  } finally {
    owner.kill()
    await heir.stop()
  }
}

module.exports = { rows }
