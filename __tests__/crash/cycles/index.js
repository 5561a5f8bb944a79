'use strict'

// Kills the processes of an app with SIGKILL at random moments under load, and checks that everything that was promised is
// kept. Exits 1 when it is not; it does not fail because something was slow.
// npm run crash -- [--cycles 300] [--stores file,redis,postgres] [--seconds n] [--seed n] [--park 1d] [--json]

const { randomUUID } = require('node:crypto')
const { existsSync, mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { startServer } = require('../../bench/servers')
const { runCycles } = require('./cycles')
const { HELP, readOptions } = require('./options')
const { createRandom } = require('./random')
const { faultsOf, report } = require('./report')
const { measureTakeover } = require('./takeover')

/** @typedef {ReturnType<typeof readOptions>} Options */

/**
 * @param {string} type
 * @param {Options} options
 * @param {number} index
 */
async function crash(type, { cycles, seconds, stores, takeovers, seed, park, json }, index) {
  const share = Math.ceil((cycles - index) / stores.length)
  let done = 0
  const onCycle = () => {
    done += 1
    if (!json && done % 100 === 0) console.error(`${type}: ${done} cycles`)
  }
  const options = {
    cycles: share,
    endAt: Date.now() + seconds * 1000,
    random: createRandom(seed + index),
    park,
    onCycle,
  }
  if (type === 'file') {
    const path = mkdtempSync(join(tmpdir(), 'express-callbacks-cycles-'))
    try {
      return await runCycles({ store: { type, path }, isShared: false }, options)
    } finally {
      rmSync(path, { recursive: true, force: true })
    }
  }
  const server = await startServer(type === 'redis' ? 'redis' : 'postgres')
  if ('missing' in server) throw new Error(`the store ${type} needs: ${server.missing}`)
  try {
    const place = () => ({ type, url: server.url, prefix: `crash-${randomUUID()}` })
    const figures = await runCycles({ store: place(), isShared: true }, options)
    /** @type {Record<string, number[]>} */
    const measured = { 'kill -9': [], 'close()': [] }
    for (let one = 0; one < takeovers; one += 1) {
      for (const [how, signal] of /** @type {const} */ ([
        ['kill -9', 'SIGKILL'],
        ['close()', 'SIGTERM'],
      ])) {
        const { seconds: taken, lost } = await measureTakeover(place(), signal)
        measured[how]?.push(taken)
        figures.lost += lost
      }
    }
    return { ...figures, takeovers: measured }
  } finally {
    await server.stop()
  }
}

async function main() {
  const options = readOptions(process.argv.slice(2))
  if (options.help) {
    console.log(HELP)
    return
  }
  if (!existsSync(join(__dirname, '../../../dist/lib/index.js'))) throw new Error('run "npm run build" first')
  const found = await Promise.all(
    options.stores.map(async (type, index) => /** @type {const} */ ([type, await crash(type, options, index)])),
  )
  const stores = Object.fromEntries(found)
  const faults = faultsOf(stores)
  if (options.json) console.log(JSON.stringify({ seed: options.seed, stores, faults }, null, 2))
  else {
    report(options, stores)
    for (const fault of faults) console.log(`NOT KEPT: ${fault}`)
  }
  if (faults.length > 0) process.exitCode = 1
}

main().catch((error) => {
  console.error(`crash: ${error instanceof Error ? error.stack : error}`)
  process.exit(1)
})
