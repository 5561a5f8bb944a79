'use strict'

const { randomUUID } = require('node:crypto')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { configOf } = require('../crash/config.cjs')
const { openService } = require('../crash/cycles/service')
const { createBooks, paintingOf } = require('./books')
const { withPlace } = require('./places')
const { createProcesses } = require('./processes')

/** @typedef {ReturnType<typeof createProcesses>} Processes */
/** @typedef {ReturnType<typeof createBooks>} Books */

const COMMAND = ['--no-deprecation', join(__dirname, 'host.js')]
/** Runs that begin between two kills. */
const RUNS = 6
/** The moment of a kill: so long after the process has sent its first request, or, for some of them, while it opens. */
const MOMENT_MS = 400
/** How long a process may take until then. */
const WARM_MS = 2000
const OPENING_SHARE = 0.15
const CALLBACK_MS = 800
/** How often a callback comes a second time, with another result, though the first one was acknowledged. */
const AGAIN_SHARE = 0.1
const RETRY_MS = { first: 20, most: 500 }
/** How much longer than its own time a contender may take to go on with what killed processes have left. */
const PATIENCE_MS = 40_000

/**
 * Kills the process of a contender with SIGKILL under load, again and again, and starts the next one at once; then waits
 * until the last one has taken up everything, and counts.
 * @param {import('./contenders').Row} row
 * @param {{ kills: number, random: () => number }} options
 */
function measureKills(row, options) {
  return withPlace(row.place, async (place) => {
    const books = createBooks()
    const ending = new AbortController()
    const caller = { random: options.random, signal: ending.signal, books, onOrder: () => {} }
    /** @type {Processes | undefined} */
    let processes
    const service = await openService({
      onOrder(run) {
        if (!books.ordered(run)) return
        caller.onOrder()
        if (processes) void callBack(run, processes, caller)
      },
      onReport: books.reported,
    })
    const isOurs = row.file === 'ours.js'
    processes = isOurs
      ? createProcesses(configOf(service.origin, place.store))
      : createProcesses({ contender: row.id, url: place.url, service: service.origin }, COMMAND)
    try {
      await runKills(processes, caller, options)
      const settled = Date.now() + row.recoversS * 1000
      while (Date.now() < settled || (books.countOpen() > 0 && Date.now() < settled + PATIENCE_MS)) await sleep(100)
      return books.count()
    } finally {
      ending.abort()
      await processes.close()
      await service.close()
    }
  })
}

/**
 * What the service needs that calls back.
 * @typedef {{ random: () => number, signal: AbortSignal, books: Books, onOrder: () => void }} Caller
 */

/** @param {Processes} processes @param {Caller} caller @param {{ kills: number }} options */
async function runKills(processes, caller, { kills }) {
  const { books, random } = caller
  await processes.start()
  for (let left = kills; left > 0; left -= 1) {
    await load(processes, caller)
    await processes.kill()
    books.killed()
    const ready = processes.start()
    const isHurried = random() < OPENING_SHARE && left > 1
    await (isHurried ? Promise.race([ready, sleep(random() * MOMENT_MS)]) : ready)
  }
}

/** Lets a process have some work, and returns in the midst of it; at once when it is not open. @param {Processes} processes @param {Caller} caller */
async function load(processes, caller) {
  const instance = processes.live()
  if (instance === undefined) return
  const isOrdered = new Promise((resolve) => void (caller.onOrder = () => resolve(undefined)))
  for (let one = 0; one < RUNS; one += 1) void begin(instance, caller.books)
  await Promise.race([isOrdered, sleep(WARM_MS)])
  await sleep(caller.random() * MOMENT_MS)
}

/** @param {import('./processes').Instance} instance @param {Books} books */
async function begin(instance, books) {
  const run = randomUUID()
  books.asked(run)
  const { status } = await instance.ask('/submit', { run })
  if (status === 200) books.begun(run)
}

/**
 * Calls back until that is acknowledged, as the services do that try again, and sometimes once more.
 * @param {string} run
 * @param {Processes} processes
 * @param {Caller} caller
 */
async function callBack(run, processes, { random, signal, books }) {
  await sleep(random() * CALLBACK_MS)
  const deliver = async (/** @type {1 | 2} */ delivery) => {
    const answer = await processes.live()?.ask('/done', { task: run, painting: paintingOf(run, delivery) })
    return answer?.status === 200
  }
  for (let pause = RETRY_MS.first; !(await deliver(1)); pause = Math.min(pause * 2, RETRY_MS.most)) {
    await sleep(pause)
    if (signal.aborted) return
  }
  books.acknowledged(run)
  if (random() < AGAIN_SHARE) await deliver(2)
}

module.exports = { measureKills }
