'use strict'

const { join } = require('node:path')
const { startWorker } = require('../bench/processes')
const { withPlace } = require('./places')

/** Callbacks per second for the latency: a rate that all of them keep up with. */
const RATE = 50

/**
 * @typedef {object} Speed
 * @property {number} p50 milliseconds from the moment at which a callback is sent until the awaiting code goes on
 * @property {number} p99
 * @property {number} perSecond callbacks after which code went on, when 64 are sent at a time
 * @property {number} cpuMs of CPU that the contender's process took for each of those
 * @property {number} callbacks how many were sent in all
 */

/**
 * Measures how soon awaiting code goes on, and how much of it. Throws when a callback was refused or had no effect.
 * @param {import('./contenders').Row} row
 * @param {{ quick: boolean }} options
 * @returns {Promise<Speed>}
 */
function measureSpeed(row, { quick }) {
  const plan = quick ? { warm: 200, ms: 1000, paced: 100 } : { warm: 1000, ms: 3000, paced: 300 }
  return withPlace(row.place, async (setting) => {
    const worker = startWorker(join(__dirname, 'speed-server.js'), {
      parameters: [row.id, JSON.stringify(setting)],
      nodeOptions: ['--no-deprecation'],
    })
    const clients = { flood: startWorker('http-client.js'), paced: startWorker('paced-client.js') }
    let nextId = 0

    /** @param {import('../bench/processes').Worker} client @param {object} load */
    async function send(client, load) {
      const before = await worker.ask({ step: 'serve' })
      const askedMs = Number(process.hrtime.bigint()) / 1e6
      const firstId = nextId
      const sent = await client.ask({ ...load, port: before.port, path: before.path, firstId })
      nextId += sent.sent
      if (sent.bad > 0) throw new Error(`${sent.bad} of ${sent.sent} answers were no 2xx`)
      const { handled } = await worker.ask({ step: 'handled', count: nextId })
      if (handled !== nextId) throw new Error(`${nextId} callbacks were sent, after ${handled} code went on`)
      const after = await worker.ask({ step: 'serve' })
      const { wentOn } = await worker.ask({ step: 'wentOn' })
      return { ...sent, firstId, askedMs, cpuMs: after.cpuMs - before.cpuMs, wentOn }
    }

    try {
      await send(clients.flood, { count: plan.warm })
      const flood = await send(clients.flood, { ms: plan.ms })
      const last = flood.wentOn.reduce(
        (/** @type {number} */ most, /** @type {[number, number]} */ [, at]) => Math.max(most, at),
        0,
      )
      await send(clients.paced, { count: RATE, perSecond: RATE })
      const paced = await send(clients.paced, { count: plan.paced, perSecond: RATE })
      const delays = paced.wentOn
        .map((/** @type {[number, number]} */ [id, at]) => at - paced.startedMs - ((id - paced.firstId) * 1000) / RATE)
        .sort((/** @type {number} */ one, /** @type {number} */ other) => one - other)
      return {
        p50: delays[Math.floor(delays.length * 0.5)],
        p99: delays[Math.floor(delays.length * 0.99)],
        perSecond: flood.sent / ((last - flood.askedMs) / 1000),
        cpuMs: flood.cpuMs / flood.sent,
        callbacks: nextId,
      }
    } finally {
      await Promise.all([clients.flood.stop(), clients.paced.stop(), worker.stop()])
    }
  })
}

module.exports = { measureSpeed }
