'use strict'

const { mkdtempSync, rmSync, statSync } = require('node:fs')
const { randomUUID } = require('node:crypto')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { alternate, median, ratios } = require('../numbers')
const { startWorker } = require('../processes')
const { show } = require('../report')
const { startServer } = require('../servers')

const STORES = ['file-always', 'file-interval', 'redis', 'postgres']
const WAITS = 10_000
/** Callbacks per second for the latency: a rate that all of them keep up with. */
const RATE = 50
const GIGABYTE = 1e9
const MEMORY = { type: 'memory' }

/**
 * Where a store lives during a row.
 * @typedef {object} Place
 * @property {object} spec the `store` of the config
 * @property {() => Promise<{ bytes: number, commands: number }>} [inspect] asks its server
 * @property {() => Promise<void>} end
 */

/** @param {import('../options').Options} options */
function rows(options) {
  const ofStore = STORES.flatMap((name) => [
    {
      id: `stores:${name}`,
      what: `${name}: callbacks resumed / memory`,
      measure: () => withPlace(name, `${name}: callbacks resumed`, (place) => measureLoad(name, place, options)),
    },
    {
      id: `stores:${name}-idle`,
      what: `${name}: ${WAITS.toLocaleString('en-US')} idle waits / memory`,
      measure: () => withPlace(name, `${name}: idle waits`, (place) => measureIdle(name, place, options)),
    },
  ])
  return ofStore
}

/**
 * Runs a row with a store of that name, or says what is missing.
 * @param {string} name
 * @param {string} what
 * @param {(place: Place) => Promise<import('../report').Result[]>} measure
 */
async function withPlace(name, what, measure) {
  const place = await openPlace(name)
  if ('missing' in place)
    return [{ name: what, ours: '', baseline: 'not installed', note: `this row needs: ${place.missing}` }]
  try {
    return await measure(place)
  } finally {
    await place.end()
  }
}

/**
 * @param {string} name
 * @returns {Promise<Place | { missing: string }>}
 */
async function openPlace(name) {
  const [type = '', sync] = name.split('-')
  if (type === 'file') {
    const path = mkdtempSync(join(tmpdir(), 'bench-store-'))
    return {
      spec: { type, path, sync },
      inspect: async () => ({ bytes: statSync(join(path, 'journal')).size, commands: 0 }),
      end: async () => rmSync(path, { recursive: true, force: true }),
    }
  }
  const server = await startServer(type === 'redis' ? 'redis' : 'postgres')
  if ('missing' in server) return server
  const { url, inspect, stop } = server
  return { spec: { type, url, prefix: `bench-${randomUUID()}` }, inspect, end: stop }
}

/**
 * @param {string} name
 * @param {Place} place
 * @param {import('../options').Options} options
 * @returns {Promise<import('../report').Result[]>}
 */
async function measureLoad(name, { spec }, options) {
  const plan = options.quick
    ? { warm: 300, rounds: 3, ms: 1000, count: 250 }
    : { warm: 1000, rounds: 5, ms: 4000, count: 1000 }
  const clients = { flood: startWorker('http-client.js'), paced: startWorker('paced-client.js') }
  const ours = startCallbacks(spec, clients, options)
  const memory = startCallbacks(MEMORY, clients, options)
  try {
    await alternate(
      1,
      () => ours.flood({ count: plan.warm }),
      () => memory.flood({ count: plan.warm }),
    )
    const floods = await alternate(
      plan.rounds,
      () => ours.flood({ ms: plan.ms }),
      () => memory.flood({ ms: plan.ms }),
    )
    const pace = { count: plan.count, perSecond: RATE }
    const paced = await alternate(
      plan.rounds,
      () => ours.pace(pace),
      () => memory.pace(pace),
    )
    return [describeRate(name, floods), describeLatency(name, paced)]
  } finally {
    await Promise.all([clients.flood.stop(), clients.paced.stop(), ours.stop(), memory.stop()])
  }
}

/**
 * Callbacks on a store in a process of its own, and load on it. Throws when an answer was no 2xx, or a callback did not
 * end its wait.
 * @param {object} spec
 * @param {{ flood: import('../processes').Worker, paced: import('../processes').Worker }} clients
 * @param {import('../options').Options} options
 */
function startCallbacks(spec, clients, { lib, cpuProf }) {
  const nodeOptions = cpuProf === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${cpuProf}`]
  const worker = startWorker('store-server.js', { parameters: [lib, JSON.stringify(spec)], nodeOptions })
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
    flood: (load) => send(clients.flood, load),
    /** @param {{ count: number, perSecond: number }} load @returns {Promise<{ latencies: number[] }>} */
    pace: (load) => send(clients.paced, load),
  }
}

/**
 * @param {string} name
 * @param {{ a: { perSecond: number, cpuUs: number }[], b: { perSecond: number, cpuUs: number }[] }} windows
 */
function describeRate(name, { a, b }) {
  const rate = (/** @type {{ perSecond: number }[]} */ windows) => windows.map(({ perSecond }) => perSecond)
  const cpu = (/** @type {{ cpuUs: number }[]} */ windows) => show(median(windows.map(({ cpuUs }) => cpuUs)))
  return {
    name: `${name}: callbacks resumed`,
    ours: `${show(median(rate(a)))}/s, ${cpu(a)} us CPU`,
    baseline: `${show(median(rate(b)))}/s, ${cpu(b)} us CPU`,
    ratio: ratios(rate(a), rate(b)),
    note: '64 at a time; each one also opens a new wait, and what is settled is written',
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
 * @param {Place} place
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
 * @param {Place['inspect']} inspect
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
