'use strict'

const { setTimeout: sleep } = require('node:timers/promises')
const { openWorld } = require('./world')

const RUNS = 4
const WAITS = 2
/** The moment of a kill: so long after the instance is open, or, for some of them, while it opens. */
const MOMENT_MS = 400
const OPENING_SHARE = 0.15
/** Runs and waits that are under way at most: where a start takes long, an instance lives until it has worked some off. */
const MOST_OPEN = 100
/** The instance that stays is the one that is killed once in so many cycles. */
const STAYS = 50
/** How long all may take to end when the last cycle is over; meanwhile an instance is replaced now and then. */
const DRAIN_MS = 90_000

/**
 * Kills an instance with SIGKILL at a random moment under load and replaces it, again and again. On a store that several
 * share, another one stays, and goes on with the runs.
 * @param {{ store: object, isShared: boolean }} site
 * @param {{ cycles: number, endAt: number, random: () => number, park: string, onCycle: () => void }} options
 */
async function runCycles({ store, isShared }, { cycles, endAt, random, park, onCycle }) {
  const world = await openWorld(store, random, park)
  let next = world.warmUp()
  let count = 0

  /** @param {number} slot */
  async function start(slot) {
    const { instance, go } = next
    next = world.warmUp()
    world.instances[slot] = instance
    go()
    if (random() < OPENING_SHARE && count > 0) await Promise.race([instance.ready, sleep(random() * MOMENT_MS)])
    else await instance.ready
  }

  /** Lets the instance of a slot have some work, and kills it in the midst. */
  async function cycle(slot = 1) {
    const victim = world.instances[slot]
    if (victim.isLive()) {
      for (let one = 0; one < RUNS; one += 1) void world.submit(`run-${count}-${one}`, victim)
      for (let one = 0; one < WAITS; one += 1) void world.wait(`wait-${count}-${one}`, victim)
      await sleep(random() * MOMENT_MS)
    }
    count += 1
    await victim.end('SIGKILL')
    await start(slot)
  }

  const slots = isShared ? [0, 1] : [0]
  const last = slots.length - 1
  try {
    for (const slot of slots) await start(slot)
    await world.instances[last].ready
    while (count < cycles && Date.now() < endAt) {
      while (world.facts.waiting().length > MOST_OPEN) await sleep(50)
      await cycle(count % STAYS === STAYS - 1 ? 0 : last)
      onCycle()
    }
    const cyclesDone = count
    const drainAt = Date.now() + DRAIN_MS
    for (let again = 1; Date.now() < drainAt && world.facts.waiting().length > 0; again += 1) {
      await sleep(500)
      // The end of a run is read at an instance that has not ended it.
      if (!isShared ? again % 6 === 1 : again % 40 === 0) {
        await world.instances[last].end('SIGKILL')
        await start(last)
      }
    }
    return { cycles: cyclesDone, ...(await world.close()) }
  } finally {
    await next.instance.end('SIGKILL')
    await world.close()
  }
}

module.exports = { runCycles }
