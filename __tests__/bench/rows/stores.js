'use strict'

const { join } = require('node:path')
const { alternate, median, ratios } = require('../numbers')
const { withPlace } = require('../places')
const { startWorker } = require('../processes')
const { show } = require('../report')

const STORES = ['file-always', 'file-interval', 'redis', 'postgres']
const WAITS = 10_000
/** Callbacks per second for the latency: a rate that all of them keep up with. */
const RATE = 50
const GIGABYTE = 1e9
const MEMORY = { type: 'memory' }
const PEER_SERVER = join(__dirname, '../../compare/speed-server.js')

/** What does the same job on the same server, as its own documentation would have one do it. */
const PEERS = [
  { store: 'redis', peer: 'bullmq', title: 'BullMQ', atLeast: 3 },
  { store: 'postgres', peer: 'dbos', title: 'DBOS', atLeast: 10 },
]
/** How many times as fast as 0.4.0 a store is to be, when that is given as the second --lib. */
const AT_LEAST = { 'file-always': 1, redis: 3, postgres: 12 }

/** @param {import('../options').Options} options */
function rows(options) {
  const { lib, libs, cpuProf } = options
  const ours = (/** @type {object} */ spec, from = lib) => ({
    file: 'store-server.js',
    parameters: [from, JSON.stringify(spec)],
    cpuProf,
  })
  const [, earlier] = libs
  const ofStore = STORES.flatMap((name) => [
    {
      id: `stores:${name}`,
      what: `${name}: callbacks resumed / ${earlier ?? 'memory'}`,
      measure: () =>
        withPlace(name, `${name}: callbacks resumed`, (place) => {
          const other = earlier === undefined ? ours(MEMORY) : ours(place.another(), earlier)
          const goal = earlier === undefined ? undefined : AT_LEAST[name]
          return measureLoad(name, [ours(place.spec), other], goal, options)
        }),
    },
    {
      id: `stores:${name}-idle`,
      what: `${name}: ${WAITS.toLocaleString('en-US')} idle waits / memory`,
      measure: () => withPlace(name, `${name}: idle waits`, (place) => measureIdle(name, place, options)),
    },
  ])
  const ofPeers = PEERS.map(({ store, peer, title, atLeast }) => ({
    id: `stores:${store}-${peer}`,
    what: `${store}: callbacks resumed / ${title}`,
    measure: () =>
      withPlace(store, `${store}: callbacks resumed / ${title}`, ({ spec }) => {
        const other = { file: PEER_SERVER, parameters: [peer, JSON.stringify(spec)], cpuProf }
        return measureLoad(`${store} / ${title}`, [ours(spec), other], atLeast, options)
      }),
  }))
  return [...ofStore, ...ofPeers]
}

/**
 * A process that callbacks are sent to, and that resumes what waits for them.
 * @typedef {{ file: string, parameters: string[], cpuProf: string | undefined }} Server
 */

/**
 * @param {string} name
 * @param {[Server, Server]} servers ours, and the baseline
 * @param {number | undefined} atLeast the ratio that is to be reached
 * @param {import('../options').Options} options
 * @returns {Promise<import('../report').Result[]>}
 */
async function measureLoad(name, servers, atLeast, options) {
  const plan = options.quick
    ? { warm: 300, rounds: 3, ms: 1000, count: 250 }
    : { warm: 1000, rounds: 5, ms: 4000, count: 1000 }
  const clients = { flood: startWorker('http-client.js'), paced: startWorker('paced-client.js') }
  const [ours, other] = [startLoad(servers[0], clients), startLoad(servers[1], clients)]
  try {
    await alternate(
      1,
      () => ours.flood({ count: plan.warm }),
      () => other.flood({ count: plan.warm }),
    )
    const floods = await alternate(
      plan.rounds,
      () => ours.flood({ ms: plan.ms }),
      () => other.flood({ ms: plan.ms }),
    )
    const pace = { count: plan.count, perSecond: RATE }
    const paced = await alternate(
      plan.rounds,
      () => ours.pace(pace),
      () => other.pace(pace),
    )
    return [describeRate(name, floods, atLeast), describeLatency(name, paced)]
  } finally {
    await Promise.all([clients.flood.stop(), clients.paced.stop(), ours.stop(), other.stop()])
  }
}

/**
 * Starts a server, and what loads it. Throws when an answer was no 2xx, or a callback did not end its wait.
 * @param {Server} server
 * @param {{ flood: import('../processes').Worker, paced: import('../processes').Worker }} clients
 */
function startLoad({ file, parameters, cpuProf }, clients) {
  const nodeOptions = cpuProf === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${cpuProf}`]
  const worker = startWorker(file, { parameters, nodeOptions })
  let nextId = 0

  /**
   * @param {import('../processes').Worker} client
   * @param {object} load
   */
  async function send(client, load) {
    const before = await worker.ask({ step: 'serve' })
    const sent = await client.ask({ ...load, port: before.port, path: before.path, firstId: nextId })
    nextId += sent.sent
    if (sent.bad > 0) throw new Error(`${sent.bad} of ${sent.sent} answers were no 2xx`)
    const { handled } = await worker.ask({ step: 'handled', count: nextId })
    if (handled !== nextId) throw new Error(`${nextId} callbacks were sent, ${handled} ended a wait`)
    const after = await worker.ask({ step: 'serve' })
    return { ...sent, cpuUs: ((after.cpuMs - before.cpuMs) * 1000) / sent.sent }
  }
  return {
    stop: worker.stop,
    /** @param {{ count?: number, ms?: number }} load @returns {Promise<{ perSecond: number, cpuUs: number }>} */
    flood: (load) => send(clients.flood, { ...load, mayRest: true }),
    /** @param {{ count: number, perSecond: number }} load @returns {Promise<{ latencies: number[] }>} */
    pace: (load) => send(clients.paced, load),
  }
}

/**
 * @param {string} name
 * @param {{ a: { perSecond: number, cpuUs: number }[], b: { perSecond: number, cpuUs: number }[] }} windows
 * @param {number | undefined} atLeast
 */
function describeRate(name, { a, b }, atLeast) {
  const rate = (/** @type {{ perSecond: number }[]} */ windows) => windows.map(({ perSecond }) => perSecond)
  const cpu = (/** @type {{ cpuUs: number }[]} */ windows) => show(median(windows.map(({ cpuUs }) => cpuUs)))
  const ratio = ratios(rate(a), rate(b))
  return {
    name: `${name}: callbacks resumed`,
    ours: `${show(median(rate(a)))}/s, ${cpu(a)} us CPU`,
    baseline: `${show(median(rate(b)))}/s, ${cpu(b)} us CPU`,
    ratio,
    ...(atLeast !== undefined && { goal: `>= ${atLeast} x`, reached: ratio.median >= atLeast }),
    note: '64 at a time; the end of each one also begins a new wait, and what is settled is written',
    raw: { ours: a, baseline: b },
  }
}

/**
 * @param {string} name
 * @param {{ a: { latencies: number[] }[], b: { latencies: number[] }[] }} windows
 */
function describeLatency(name, { a, b }) {
  const at = (/** @type {{ latencies: number[] }[]} */ windows, /** @type {number} */ share) =>
    windows.map(
      ({ latencies }) => latencies.toSorted((one, other) => one - other)[Math.floor(latencies.length * share)] ?? 0,
    )
  const both = (/** @type {{ latencies: number[] }[]} */ windows) =>
    `${show(median(at(windows, 0.5)))}, ${show(median(at(windows, 0.99)))} ms`
  return {
    name: `${name}: p50, p99 at ${RATE}/s`,
    ours: both(a),
    baseline: both(b),
    ratio: ratios(at(a, 0.5), at(b, 0.5)),
    note: 'from the moment at which a callback should have been sent to its answer; the ratio is that of p50',
    raw: { ours: a, baseline: b },
  }
}

/**
 * @param {string} name
 * @param {import('../places').Place} place
 * @param {import('../options').Options} options
 * @returns {Promise<import('../report').Result[]>}
 */
async function measureIdle(name, { spec, inspect }, { lib, quick }) {
  const ms = quick ? 10_000 : 60_000
  const memory = await holdIdle(MEMORY, undefined, lib, ms)
  const ours = await holdIdle(spec, inspect, lib, ms)
  const isFile = name.startsWith('file')
  const bytes = isFile ? ours.heap : ours.bytes
  const where = isFile ? 'of heap' : name === 'redis' ? 'of used_memory' : 'of tables and indexes'
  const asked = isFile
    ? ''
    : `; ${show(ours.commands)} ${name === 'redis' ? 'commands' : 'transactions'}/s at the server`
  const beside = isFile
    ? `${show(ours.bytes)} bytes of journal each`
    : `${show(ours.heap)} bytes of heap each in our process`
  return [
    {
      name: `${name}: waits per gigabyte`,
      ours: `${show(GIGABYTE / bytes)} (${show(bytes)} bytes)`,
      baseline: `${show(GIGABYTE / memory.heap)} (${show(memory.heap)} bytes)`,
      ratio: ratios([memory.heap], [bytes]),
      note: `bytes ${where}; ${beside}; ${show(WAITS / (ours.openedMs / 1000))} waits opened per second, 100 at a time`,
      raw: { ours, baseline: memory },
    },
    {
      name: `${name}: ${WAITS.toLocaleString('en-US')} idle waits, CPU per minute`,
      ours: `${show(ours.cpuS)} s${asked}`,
      baseline: `${show(memory.cpuS)} s`,
    },
  ]
}

/**
 * Holds idle waits in a process of its own, and gives what one of them takes up, and what all of them cost.
 * @param {object} spec
 * @param {import('../places').Place['inspect']} inspect
 * @param {string} lib
 * @param {number} ms
 */
async function holdIdle(spec, inspect = async () => ({ bytes: 0, commands: 0 }), lib, ms) {
  const worker = startWorker('store-server.js', {
    parameters: [lib, JSON.stringify(spec)],
    nodeOptions: ['--expose-gc'],
  })
  try {
    const first = await worker.ask({ step: 'open', count: 100 })
    const empty = await inspect()
    const { heap, openedMs } = await worker.ask({ step: 'open', count: WAITS })
    await worker.ask({ step: 'idle', ms: 2000 }) // what is written behind has come to an end
    const full = await inspect()
    const { cpuMs } = await worker.ask({ step: 'idle', ms })
    const { commands } = await inspect()
    return {
      heap: (heap - first.heap) / WAITS,
      bytes: (full.bytes - empty.bytes) / WAITS,
      openedMs,
      cpuS: (cpuMs / 1000) * (60_000 / ms),
      commands: (commands - full.commands) / (ms / 1000),
    }
  } finally {
    await worker.stop()
  }
}

module.exports = { rows }
