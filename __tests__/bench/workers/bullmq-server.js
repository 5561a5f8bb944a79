'use strict'

// A delayed job stands for each wait, its delay for the timeout; a callback writes its result into the job and promotes it,
// and a worker goes on with it. See "Delayed" and "Job data" of the guide at docs.bullmq.io.

const { Queue, Worker } = require('bullmq')
const { servePeer } = require('./peer')

const { url } = JSON.parse(process.argv[2] ?? '{}')
const HOUR_MS = 3_600_000
const CONCURRENCY = 64

servePeer(async (onResult) => {
  const { hostname: host, port } = new URL(url)
  const connection = { host, port: Number(port), maxRetriesPerRequest: null }
  const queue = new Queue('waits', { connection })
  const worker = new Worker('waits', async ({ data }) => onResult(data.result), {
    connection,
    concurrency: CONCURRENCY,
  })
  worker.on('error', (error) => console.error(error))
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])
  return {
    begin: (id) => queue.add('wait', { id }, { jobId: id, delay: HOUR_MS, removeOnComplete: true }),
    async resume(id, { result }) {
      const job = await queue.getJob(id)
      await job.updateData({ id, result })
      await job.promote()
    },
  }
})
