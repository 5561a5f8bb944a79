'use strict'

// The server that is put under load: one set of callbacks behind two servers, app.use(hooks) and hooks.createServer(app).
// The app's own routes open waits and tell how they ended; nothing of it is kept here, so that the heap shows the package.

const http = require('node:http')
const { monitorEventLoopDelay } = require('node:perf_hooks')
const { setTimeout: sleep } = require('node:timers/promises')
const { answerMessages } = require('../../bench/workers/answer')
const { CONFIG, KEYS, OPEN, PATHS, SIGNED } = require('../config')

const [lib = '', rateText = '1', ...plants] = process.argv.slice(2)
const RATE = Number(rateText)
const GC_PASSES = 6
const SAMPLE_MS = 50
const IDLE_MS = 30_000
/** More than the package remembers of an endpoint, so that this memory is full before the heap is measured. */
const SETTLED_BEFORE = 150_000
const SLICE = 5000
const GRACE_MS = 3000
const NOT_BY_ITSELF = 3

/** @type {unknown[]} */
const kept = []
const delay = monitorEventLoopDelay({ resolution: 10 })
const peak = { heap: 0, parked: nobody() }
const events = { parked: 0, errors: 0, logged: 0 }

/** @returns {Record<string, number>} */
function nobody() {
  return Object.fromEntries(PATHS.map((path) => [path, 0]))
}

/** A clock that runs faster than ours, for runs that are shorter than the limits of the package. */
function createClock() {
  const began = Date.now()
  return {
    now: () => Math.round(began + (Date.now() - began) * RATE),
    elapsed: () => performance.now() * RATE,
    setTimeout: (/** @type {() => void} */ callback, /** @type {number} */ ms) => setTimeout(callback, ms / RATE),
    clearTimeout: (/** @type {any} */ timer) => clearTimeout(timer),
  }
}

function createHooks() {
  const { callbacks } = require(lib)
  const ignore = () => undefined
  const logger = { debug: ignore, info: ignore, warn: ignore, error: () => void (events.logged += 1) }
  const hooks = callbacks(CONFIG, { logger, clock: createClock() })
  hooks.on('parked', () => {
    events.parked += 1
    const { endpoints } = hooks.stats()
    for (const path of PATHS) peak.parked[path] = Math.max(peak.parked[path] ?? 0, endpoints[KEYS[path]].parked)
  })
  hooks.on('error', () => void (events.errors += 1))
  return hooks
}

/**
 * The host app: its routes are reached through the callbacks, as any host's are.
 * @param {any} hooks
 * @param {boolean} mounted
 */
function createApp(hooks, mounted) {
  const express = require('express')
  const app = express()
  if (mounted) app.use(hooks)
  app.get('/own', (/** @type {any} */ _request, /** @type {any} */ response) => response.send('own'))
  app.get('/results', (/** @type {any} */ _request, /** @type {any} */ response) => {
    response.flushHeaders()
    results = response
  })
  app.post('/waits', express.json({ limit: '1mb' }), (/** @type {any} */ request, /** @type {any} */ response) => {
    for (const wait of request.body) openWait(hooks, wait)
    response.status(201).end()
  })
  return app
}

/** @type {import('node:http').ServerResponse | undefined} */
let results

/**
 * Opens a wait, and writes how it ended.
 * @param {any} hooks
 * @param {{ key: string, ids: string[], path?: string, timeout: number }} wait
 */
function openWait(hooks, { key, ids, path, timeout }) {
  const tell = (/** @type {unknown[]} */ ...words) => void results?.write(`${[key, ...words].join(' ')}\n`)
  hooks.wait(ids, { path, timeout }).then(
    (/** @type {any} */ { proof, id }) => tell('DONE', proof, id),
    (/** @type {any} */ { code, result }) =>
      code === 'ERR_CALLBACK_FAILED' ? tell('FAILED', result.proof, result.id) : tell(code),
  )
}

const hooks = createHooks()
const servers = [http.createServer(createApp(hooks, true)), hooks.createServer(createApp(hooks, false))]
/** @type {NodeJS.Timeout | undefined} */
let sampling

/** What keeps the process alive before anything is open, such as the channel to the parent. @type {string[]} */
let resourcesBefore = []

async function start() {
  // Both are opened when somebody first looks at them.
  void [process.stdout, process.stderr]
  resourcesBefore = process.getActiveResourcesInfo()
  for (const path of [SIGNED, OPEN]) await fillMemory(path)
  const ports = []
  for (const server of servers) {
    server.keepAliveTimeout = 60_000
    if (plants.includes('leak')) server.on('request', (...exchange) => void kept.push(exchange))
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
    const address = server.address()
    ports.push(typeof address === 'object' ? address?.port : undefined)
  }
  sampling = setInterval(sample, SAMPLE_MS)
  return { ports, stats: hooks.stats() }
}

/** Settles so many ids that the package forgets one for each that it remembers from now on. @param {string} path */
async function fillMemory(path) {
  for (let count = 0; count < SETTLED_BEFORE; count += 1) {
    const id = `before-${String(count).padStart(9, '0')}`
    hooks.wait(id, { path })
    hooks.settle(id, undefined, { path })
    if (count % SLICE === 0) await sleep(0)
  }
}

function sample() {
  peak.heap = Math.max(peak.heap, memory())
}

/** Buffers lie outside of the heap; one that is kept is a leak all the same. */
function memory() {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** The smallest of several passes: what one leaves, such as buffers that a finalizer frees, the next may free. */
async function collected() {
  let least = Number.POSITIVE_INFINITY
  for (let pass = 0; pass < GC_PASSES; pass += 1) {
    await sleep(20)
    global.gc?.()
    least = Math.min(least, memory())
  }
  return least
}

/** Waits until nothing is waited for and nothing is parked. */
async function idle() {
  const end = Date.now() + IDLE_MS
  while (Date.now() < end) {
    const { waiting, parked } = hooks.stats()
    if (waiting === 0 && parked === 0) return
    await sleep(SAMPLE_MS)
  }
}

/** Callbacks of their own, with the default limit, for the bodies that are made to hold the event loop. @type {any} */
let shaped
/** @type {import('node:perf_hooks').IntervalHistogram | undefined} */
let watched

async function openShapes() {
  const { callbacks } = require(lib)
  const ignore = () => undefined
  const logger = { debug: ignore, info: ignore, warn: ignore, error: () => void (events.logged += 1) }
  const own = callbacks({ listener: { path: '/shapes', identify_by: '${body.id}' } }, { logger })
  const server = own.createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  shaped = { own, server }
  return { port: server.address().port }
}

async function closeShapes() {
  await new Promise((resolve) => shaped.server.close(resolve))
  await shaped.own.close()
  return {}
}

/** Begins to measure one body; a collection of what the last one left would show in it. */
async function watch() {
  global.gc?.()
  watched = monitorEventLoopDelay({ resolution: 1 })
  watched.enable()
  await sleep(SAMPLE_MS)
  watched.reset()
  return {}
}

async function held() {
  await sleep(SAMPLE_MS)
  watched?.disable()
  return { ms: (watched?.max ?? 0) / 1e6 }
}

async function close() {
  clearInterval(sampling)
  delay.disable()
  if (plants.includes('handle')) setInterval(() => undefined, 1000)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  await hooks.close()
  closed = true
  return { left: await resourcesLeft(), stats: hooks.stats() }
}

/** A handle that was closed is listed until the loop has come round. */
async function resourcesLeft() {
  const end = Date.now() + GRACE_MS
  for (;;) {
    await sleep(0)
    const left = process.getActiveResourcesInfo()
    for (const known of resourcesBefore) if (left.includes(known)) left.splice(left.indexOf(known), 1)
    if (left.length === 0 || Date.now() > end) return left
  }
}

let closed = false

/** What the parent may ask. @type {Record<string, () => unknown>} */
const OPERATIONS = {
  start,
  idle,
  openShapes,
  closeShapes,
  watch,
  held,
  /** Begins to measure; what came before was to warm up. */
  async begin() {
    await idle()
    const heap = await collected()
    peak.heap = 0
    delay.enable()
    delay.reset()
    return { heap }
  },
  /** Ends what is measured of the event loop; collecting garbage by hand would show in it. */
  async flood() {
    delay.disable()
    return { delay: { maxMs: delay.max / 1e6, p99Ms: delay.percentile(99) / 1e6 } }
  },
  async heap() {
    return { heap: await collected() }
  },
  async end() {
    await idle()
    const heap = await collected()
    return { heap, peak, stats: hooks.stats(), events: { ...events } }
  },
  close,
}

/** Once closed, it has to end by itself; the timer does not keep it, and tells when something else does. */
function onGone() {
  if (!closed) process.exit(1)
  setTimeout(() => process.exit(NOT_BY_ITSELF), GRACE_MS).unref()
}

answerMessages(({ op }) => OPERATIONS[op]?.(), onGone)
