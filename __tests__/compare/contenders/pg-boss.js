'use strict'

// A callback is a job, with an id made of that of the wait so that a repeated one is the same job; its worker asks for jobs
// twice a second, which is as often as it may. Nothing stands for a wait before its callback. See "Workers" of pg-boss.

const { createHash } = require('node:crypto')
const { load } = require('../packages')

const QUEUE = 'results'
const BATCH = 64
/** After how long a job counts as failed when its worker is gone; 15 minutes by default. */
const EXPIRE_S = 15
/** How often a job may be tried again; twice by default, which many kills in a row exceed. */
const RETRIES = 20
/** How often it looks for those; every 2 minutes by default. */
const LOOK_S = 5
const POLL_S = 0.5

/** @param {import('../contenders').Setting} setting @returns {Promise<import('../contenders').Contender>} */
async function open({ url, order, goneOn, report }) {
  const PgBoss = (await load('pg-boss')).default
  const boss = new PgBoss({ connectionString: url, maintenanceIntervalSeconds: LOOK_S })
  boss.on('error', (/** @type {Error} */ { message }) => console.error(message))
  await boss.start()
  await boss.createQueue(QUEUE)
  await boss.work(QUEUE, { batchSize: BATCH, pollingIntervalSeconds: POLL_S }, (/** @type {any[]} */ jobs) =>
    Promise.all(
      jobs.map(async ({ data: { id, result } }) => {
        goneOn(id, result)
        await report?.(id, result)
      }),
    ),
  )
  return {
    begin: async (id) => order?.(id),
    async resume(id, result) {
      await boss.send(QUEUE, { id, result }, { id: uuidOf(id), expireInSeconds: EXPIRE_S, retryLimit: RETRIES })
      return true
    },
  }
}

/** @param {string} id */
function uuidOf(id) {
  const hex = createHash('sha256').update(id).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

module.exports = { open }
