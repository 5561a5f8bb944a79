'use strict'

// A delayed job stands for each wait, its delay for the timeout; a callback writes its result into the job and promotes it,
// and a worker goes on with it. See "Delayed", "Job data" and "Stalled jobs" of the guide at docs.bullmq.io.

const HOUR_MS = 3_600_000
const CONCURRENCY = 64
/** How often a job may be taken from a killed worker before it fails; once by default, which many kills in a row exceed. */
const MOST_STALLS = 20
/** Ended jobs that are kept, so that a callback that is repeated finds its job and changes nothing. */
const KEPT = { count: 10_000 }

/** @param {import('../contenders').Setting} setting @returns {Promise<import('../contenders').Contender>} */
async function open({ url, order, goneOn, report }) {
  const { Queue, Worker } = require('bullmq')
  const { hostname: host, port } = new URL(url)
  const connection = { host, port: Number(port), maxRetriesPerRequest: null }
  const queue = new Queue('waits', { connection })
  const work = async (/** @type {any} */ { data: { id, result } }) => {
    goneOn(id, result)
    await report?.(id, result)
  }
  const options = { connection, concurrency: CONCURRENCY, maxStalledCount: MOST_STALLS }
  const worker = new Worker('waits', work, options)
  for (const one of [queue, worker]) one.on('error', (/** @type {Error} */ { message }) => console.error(message))
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])
  return {
    async begin(id) {
      await queue.add('wait', { id }, { jobId: id, delay: HOUR_MS, removeOnComplete: KEPT })
      await order?.(id)
    },
    async resume(id, result) {
      const job = await queue.getJob(id)
      if (job === undefined) return false
      if (job.data.result === undefined) await job.updateData({ id, result })
      await job.promote().catch(async (/** @type {unknown} */ error) => {
        if (await job.isDelayed()) throw error
      })
      return true
    },
  }
}

module.exports = { open }
