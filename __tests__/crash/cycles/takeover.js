'use strict'

const { setTimeout: sleep } = require('node:timers/promises')
const { openWorld } = require('./world')

const RUNS = 20
const LIMIT_MS = 60_000

/**
 * Ends the instance that has some runs, while another one lives, and returns the seconds until the last of them has gone on
 * there with its callback; after `SIGTERM`, from the end of `close()` on.
 * @param {object} store
 * @param {'SIGKILL' | 'SIGTERM'} signal
 */
async function measureTakeover(store, signal) {
  const world = await openWorld(store, Math.random)
  const { facts, instances } = world
  const until = async (/** @type {() => boolean} */ condition) => {
    for (const end = Date.now() + LIMIT_MS; !condition(); await sleep(5))
      if (Date.now() > end) throw new Error('The runs of an instance that is gone did not go on')
  }
  try {
    for (const slot of [0, 1]) {
      const { instance, go } = world.warmUp()
      instances[slot] = instance
      go()
      await instance.ready
    }
    world.hold()
    for (let one = 0; one < RUNS; one += 1) void world.submit(`run-${one}`, instances[0])
    await until(() => facts.countRecorded() === RUNS)
    const signalled = Date.now()
    const ending = instances[0].end(signal)
    if (signal === 'SIGTERM') await ending
    const begin = signal === 'SIGTERM' ? Date.now() : signalled
    world.release()
    await until(() => facts.waiting().every(({ results }) => results.length > 0))
    return { seconds: (Date.now() - begin) / 1000, lost: facts.counts.lost }
  } finally {
    await world.close()
  }
}

module.exports = { measureTakeover }
