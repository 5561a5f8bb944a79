'use strict'

// Sends callbacks at a fixed rate, whether or not the earlier ones are answered. A latency is that from the moment at
// which a callback should have been sent, so that a server that stands still cannot hide it.

const http = require('node:http')
const { answerMessages } = require('./answer')
const { bodyAround, idOf } = require('./task')

const { before, behind, bytes } = bodyAround()
const agent = new http.Agent({ keepAlive: true })
const headers = { 'content-type': 'application/json', 'content-length': bytes }

/**
 * @param {number} port
 * @param {string} path
 * @param {number} id
 * @returns {Promise<number | undefined>}
 */
function send(port, path, id) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    request.on('error', reject)
    request.end(before + idOf(id) + behind)
  })
}

answerMessages(async ({ port, path, firstId, perSecond, count }) => {
  let bad = 0
  const started = performance.now()
  const startedMs = Number(process.hrtime.bigint()) / 1e6
  const latencies = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const due = started + (index * 1000) / perSecond
      await new Promise((resolve) => setTimeout(resolve, due - performance.now()))
      const status = await send(port, path, firstId + index)
      if (status !== 200) bad += 1
      return performance.now() - due
    }),
  )
  return { sent: count, bad, latencies, startedMs }
})
