'use strict'

// A job of the future stands for each wait, found by its key; a callback replaces it by one that is due now, of which
// LISTEN and NOTIFY tell the worker. See "Job key" of worker.graphile.org.

const { load } = require('../packages')

const HOUR_MS = 3_600_000
const CONCURRENCY = 16

/** @param {import('../contenders').Setting} setting @returns {Promise<import('../contenders').Contender>} */
async function open({ url, order, goneOn, report }) {
  const { Logger, run } = await load('graphile-worker')
  const worker = await run({
    connectionString: url,
    concurrency: CONCURRENCY,
    maxPoolSize: CONCURRENCY,
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
    taskList: {
      async goOn(/** @type {any} */ { id, result }) {
        goneOn(id, result)
        await report?.(id, result)
      },
    },
  })
  return {
    async begin(id) {
      await worker.addJob('goOn', { id }, { jobKey: id, runAt: new Date(Date.now() + HOUR_MS) })
      await order?.(id)
    },
    async resume(id, result) {
      await worker.addJob('goOn', { id, result }, { jobKey: id, jobKeyMode: 'replace', runAt: new Date() })
      return true
    },
  }
}

module.exports = { open }
