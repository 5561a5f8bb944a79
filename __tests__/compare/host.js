'use strict'

// The app around a contender that is killed: a route that begins a run, and one that takes its callback. It has loaded
// everything when a byte comes, opens then, and writes its port.

const { once } = require('node:events')
const { writeSync } = require('node:fs')
const { createServer } = require('node:http')
const { json } = require('node:stream/consumers')
const { contenderOf } = require('./contenders')
const { load } = require('./packages')

const { contender, url, service } = JSON.parse(process.env['APP'] ?? '{}')

/** @param {string} path @param {object} body */
async function post(path, body) {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(service + path, { method: 'POST', headers, body: JSON.stringify(body) })
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`${path} was answered ${response.status}`)
}

/** @param {import('./contenders').Row} row */
async function warmUp({ packages, installs = {} }) {
  for (const name of packages) await (name in installs ? load(name) : require(name))
  await once(process.stdin, 'data')
}

async function main() {
  const { row, open } = contenderOf(contender)
  await warmUp(row)
  // It does not outlive its parent.
  process.stdin.on('end', () => process.exit(1)).resume()
  const { begin, resume } = await open({
    url,
    order: (run) => post('/paint', { run }),
    goneOn: () => undefined,
    report: (run, painting) => post('/report', { run, painting }),
  })

  /** @type {Record<string, (body: any) => Promise<boolean | undefined>>} */
  const routes = {
    '/submit': async ({ run }) => Boolean(await begin(run).then(() => true)),
    '/done': async ({ task, painting }) => resume?.(task, painting),
  }
  const server = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/json')
    try {
      response.statusCode = (await routes[request.url ?? '']?.(await json(request))) ? 200 : 503
    } catch (error) {
      console.error(`${contender}: ${error instanceof Error ? error.message : String(error)}`)
      response.statusCode = 500
    }
    response.end('{}')
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    writeSync(1, `${JSON.stringify({ is: 'ready', port })}\n`)
  })
}

void main()
