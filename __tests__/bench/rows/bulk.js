'use strict'

const http = require('node:http')
const { alternate, median, ratios } = require('../numbers')
const { startWorker } = require('../processes')
const { show } = require('../report')

const ITEMS = 10_000
const LEAST_PER_SECOND = 100_000
/** How much longer than JSON.parse alone the event loop may stand still. */
const MOST_EXTRA_MS = 10

/** @param {import('../options').Options} options */
function rows(options) {
  return [{ id: 'bulk:items', what: '10,000 items in one request / node:http + Map', measure: () => measure(options) }]
}

/** @param {import('../options').Options} options */
async function measure({ lib, quick, cpuProf }) {
  const nodeOptions = cpuProf === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${cpuProf}`]
  const agent = new http.Agent({ keepAlive: true })
  const start = (/** @type {string} */ variant) =>
    startWorker('bulk-server.js', { parameters: [variant, lib, String(ITEMS)], nodeOptions })
  const [ours, bare] = [start('ours'), start('bare')]
  try {
    await alternate(quick ? 3 : 10, sendTo(ours, agent), sendTo(bare, agent))
    const { a, b } = await alternate(quick ? 5 : 15, sendTo(ours, agent), sendTo(bare, agent))
    return describe(a, b)
  } finally {
    agent.destroy()
    await Promise.all([ours.stop(), bare.stop()])
  }
}

/**
 * @param {import('../processes').Worker} worker
 * @param {http.Agent} agent
 */
function sendTo(worker, agent) {
  return async () => {
    const { port, path, body, parseMs } = await worker.ask({ step: 'prepare' })
    const started = performance.now()
    const status = await post(port, path, body, agent)
    const ms = performance.now() - started
    const { resolved, longestMs } = await worker.ask({ step: 'finish' })
    if (status !== 200 || resolved !== ITEMS) throw new Error(`status ${status}, ${resolved} of ${ITEMS} items arrived`)
    return { ms, parseMs, longestMs, perSecond: (ITEMS / ms) * 1000 }
  }
}

/**
 * @param {number} port
 * @param {string} path
 * @param {string} body
 * @param {http.Agent} agent
 * @returns {Promise<number | undefined>}
 */
function post(port, path, body, agent) {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** @typedef {{ ms: number, parseMs: number, longestMs: number, perSecond: number }} Post */

/**
 * @param {Post[]} a
 * @param {Post[]} b
 */
function describe(a, b) {
  const pick = (/** @type {Post[]} */ posts, /** @type {keyof Post} */ key) => posts.map((each) => each[key])
  const perSecond = median(pick(a, 'perSecond'))
  const extra = median(a.map(({ longestMs, parseMs }) => longestMs - parseMs))
  return [
    {
      name: 'bulk of 10,000: items per second',
      ours: `${show(perSecond)}/s`,
      baseline: `${show(median(pick(b, 'perSecond')))}/s (all at once)`,
      ratio: ratios(pick(a, 'perSecond'), pick(b, 'perSecond')),
      goal: `>= ${LEAST_PER_SECOND.toLocaleString('en-US')}/s`,
      reached: perSecond >= LEAST_PER_SECOND,
      note: `${show(median(pick(a, 'ms')))} ms for one request, of which JSON.parse is ${show(median(pick(a, 'parseMs')))} ms`,
      raw: { ours: a, baseline: b },
    },
    {
      name: 'bulk of 10,000: longest block of the loop',
      ours: `${show(median(pick(a, 'longestMs')))} ms`,
      baseline: `${show(median(pick(a, 'parseMs')))} ms (JSON.parse)`,
      ratio: ratios(pick(a, 'longestMs'), pick(a, 'parseMs')),
      goal: `<= parse + ${MOST_EXTRA_MS} ms`,
      reached: extra <= MOST_EXTRA_MS,
      note: `all at once blocks ${show(median(pick(b, 'longestMs')))} ms`,
    },
  ]
}

module.exports = { rows }
