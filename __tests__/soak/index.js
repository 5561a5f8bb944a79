'use strict'

// Puts the package under hostile load for a while, and checks that it kept its promise. Exits 1 when it did not.
// npm run build && npm run soak -- [--seconds 60] [--json]

const { existsSync } = require('node:fs')
const { join, relative } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { startWorker } = require('../bench/processes')
const { check, MOST_HELD_MS } = require('./checks')
const { HELP, readOptions } = require('./options')
const { report } = require('./report')
const { SHAPES } = require('./shapes')

const WORKERS = join(__dirname, 'workers')
/** The shares of the time that the load takes to warm up beforehand, and that is flood alone at the end. */
const WARM_SHARE = 0.25
const MOST_WARM_S = 8
const FLOOD_SHARE = 0.3
/** What all that is not load may take, however slow the machine. */
const MOST_REST_S = 300
const GRACE_MS = 6000
/** Another process may hold the machine for a moment: of several tries, the best one counts. */
const TRIES = 4

/**
 * @param {import('./options').Options} options
 * @param {import('../bench/processes').Worker} server
 * @param {import('../bench/processes').Worker} client
 */
async function soak({ seconds, rate, seed }, server, client) {
  const warmS = Math.min(seconds * WARM_SHARE, MOST_WARM_S)
  const floodS = seconds * FLOOD_SHARE
  const { ports, stats: before } = await server.ask({ op: 'start' })
  await client.ask({ op: 'connect', ports, rate, seed })
  await client.ask({ op: 'run', seconds: warmS, isFlood: false })
  await client.ask({ op: 'run', seconds: warmS * FLOOD_SHARE, isFlood: true })
  await client.ask({ op: 'settle' })
  const start = await server.ask({ op: 'begin' })
  const { perSecond } = await client.ask({ op: 'run', seconds: seconds - floodS, isFlood: false })
  const { delay } = await server.ask({ op: 'flood' })
  const flooding = client.ask({ op: 'run', seconds: floodS, isFlood: true })
  /** @type {number[]} */
  const flood = []
  for (const share of [0.4, 0.4]) {
    await sleep(floodS * 1000 * share)
    flood.push((await server.ask({ op: 'heap' })).heap)
  }
  await flooding
  await client.ask({ op: 'settle' })
  await server.ask({ op: 'idle' })
  await client.ask({ op: 'knock' })
  const end = await server.ask({ op: 'end' })
  const found = await client.ask({ op: 'finish' })
  const shapes = await measureShapes(server, client)
  const { left, stats: after } = await server.ask({ op: 'close' })
  const exitCode = await endOf(server)
  const heap = { start: start.heap, peak: end.peak.heap, end: end.heap, flood }
  return {
    rate,
    client: found,
    perSecond,
    heap,
    delay,
    shapes,
    peakParked: end.peak.parked,
    stats: { before, after },
    events: end.events,
    left,
    exitCode,
  }
}

/**
 * Sends bodies that are made to hold the event loop, one after another, and returns for how long each one did.
 * @param {import('../bench/processes').Worker} server
 * @param {import('../bench/processes').Worker} client
 */
async function measureShapes(server, client) {
  const { port } = await server.ask({ op: 'openShapes' })
  /** @type {Record<string, { ms: number, answer: string }>} */
  const shapes = {}
  for (const name of Object.keys(SHAPES)) {
    for (let tries = 0; tries < TRIES && !(shapes[name] && shapes[name].ms <= MOST_HELD_MS); tries += 1) {
      await server.ask({ op: 'watch' })
      const { answer } = await client.ask({ op: 'shape', name, port })
      const { ms } = await server.ask({ op: 'held' })
      shapes[name] = { ms: Math.min(ms, shapes[name]?.ms ?? ms), answer }
    }
  }
  await server.ask({ op: 'closeShapes' })
  return shapes
}

/**
 * Lets go of a worker, and gives the code with which it ends; null when it has to be ended.
 * @param {import('../bench/processes').Worker} worker
 */
async function endOf(worker) {
  const timer = setTimeout(worker.kill, GRACE_MS)
  await worker.stop()
  clearTimeout(timer)
  return worker.ended
}

async function main() {
  const options = readOptions(process.argv.slice(2))
  if (options.help) {
    console.log(HELP)
    return
  }
  const entry = join(options.lib, 'index.js')
  if (!existsSync(entry)) throw new Error(`${relative(process.cwd(), entry)} is missing; run "npm run build" first`)
  const parameters = [entry, String(options.rate), ...options.plants]
  const server = startWorker(join(WORKERS, 'server.js'), { parameters, nodeOptions: ['--expose-gc'] })
  const client = startWorker(join(WORKERS, 'client.js'))
  const limit = setTimeout(
    () => {
      console.error('soak: it took too long, and is ended')
      server.kill()
      client.kill()
      process.exitCode = 1
    },
    (options.seconds + MOST_REST_S) * 1000,
  )
  try {
    const figures = await soak(options, server, client)
    const checks = check(figures)
    report(options, figures, checks)
    if (checks.some(({ ok }) => !ok)) process.exitCode = 1
  } finally {
    clearTimeout(limit)
    await Promise.all([endOf(client), endOf(server)])
  }
}

main().catch((error) => {
  console.error(`soak: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
