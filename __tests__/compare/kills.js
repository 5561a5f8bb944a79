'use strict'

const { randomUUID } = require('node:crypto')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { configOf } = require('../crash/config.cjs')
const { warmUp } = require('../crash/cycles/instance')
const { openService } = require('../crash/cycles/service')
const { createBooks, paintingOf } = require('./books')
const { withPlace } = require('./places')

const HOST = join(__dirname, 'host.js')
/** Runs that begin between two kills. */
const RUNS = 6
/** The moment of a kill: so long after the process is open, or, for some of them, while it opens. */
const MOMENT_MS = 400
const OPENING_SHARE = 0.15
const CALLBACK_MS = 800
/** How often a callback comes a second time, with another result, though the first one was acknowledged. */
const AGAIN_SHARE = 0.1
const RETRY_MS = { first: 20, most: 500 }
/** How much longer than its own time a contender may take to go on with what killed processes have left. */
const PATIENCE_MS = 20_000

/**
 * Kills the process of a contender with SIGKILL under load, again and again, and starts the next one at once; then waits
 * until the last one has taken up everything, and counts.
 * @param {import('./contenders').Row} row
 * @param {{ kills: number, random: () => number }} options
 */
function measureKills(row, { kills, random }) {
  return withPlace(row.place, async (place) => {
    const books = createBooks()
    let isOver = false
    /** @type {import('../crash/cycles/instance').Instance | undefined} */
    let current

    const service = await openService({
      onOrder: (run) => void (books.ordered(run) && callBack(run)),
      onReport: books.reported,
    })
    const isOurs = row.file === 'ours.js'
    const config = isOurs
      ? configOf(service.origin, place.store)
      : { contender: row.id, url: place.url, service: service.origin }
    const warm = () => warmUp(config, () => undefined, isOurs ? undefined : [HOST])

    /** Calls back until that is acknowledged, as the services do that try again. @param {string} run */
    async function callBack(run) {
      await sleep(random() * CALLBACK_MS)
      const body = (/** @type {1 | 2} */ delivery) => ({ task: run, painting: paintingOf(run, delivery) })
      for (let pause = RETRY_MS.first; !isOver; pause = Math.min(pause * 2, RETRY_MS.most)) {
        const answer = current?.isLive() ? await current.ask('/done', body(1)) : undefined
        if (answer?.status === 200) break
        await sleep(pause)
      }
      if (isOver) return
      books.promised(run)
      if (random() < AGAIN_SHARE && current?.isLive()) await current.ask('/done', body(2))
    }

    let next = warm()
    async function start() {
      const { instance, go } = next
      next = warm()
      current = instance
      go()
      return instance
    }

    try {
      await (
        await start()
      ).ready
      for (let count = 0; count < kills; count += 1) {
        const victim = current
        if (victim?.isLive()) {
          for (let one = 0; one < RUNS; one += 1) void victim.ask('/submit', { run: randomUUID() })
          await sleep(random() * MOMENT_MS)
        }
        books.killed()
        await victim?.end('SIGKILL')
        const { ready } = await start()
        await (random() < OPENING_SHARE && count < kills - 1
          ? Promise.race([ready, sleep(random() * MOMENT_MS)])
          : ready)
      }
      const settled = Date.now() + row.recoversS * 1000
      while (Date.now() < settled || (books.countOpen() > 0 && Date.now() < settled + PATIENCE_MS)) await sleep(100)
      return books.count()
    } finally {
      isOver = true
      await Promise.all([current, next.instance].map((one) => one?.end('SIGKILL')))
      await service.close()
    }
  })
}

module.exports = { measureKills }
