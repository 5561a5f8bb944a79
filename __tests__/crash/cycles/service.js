'use strict'

const { createServer } = require('node:http')
const { text } = require('node:stream/consumers')

/**
 * Opens a service that paints and takes reports. The same Idempotency-Key is the same painting.
 * @param {{ onOrder: (run: string) => void, onReport: (run: string, painting: string) => void }} handlers
 */
async function openService({ onOrder, onReport }) {
  const server = createServer(async (request, response) => {
    const { run, painting } = JSON.parse(await text(request))
    if (request.url === '/paint') onOrder(run)
    else onReport(run, painting)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(request.url === '/paint' ? { task: run } : { thanks: run }))
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = server.address()
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve(undefined)))
    },
  }
}

module.exports = { openService }
