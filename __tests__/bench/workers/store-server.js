'use strict'

// Callbacks with one kind of store: serves them and keeps waits open, or holds many idle waits, as the messages say.

const { join } = require('node:path')
const { setTimeout: pause } = require('node:timers/promises')
const { answerMessages } = require('./answer')
const { CALLBACK, idOf, PATH } = require('./task')

const [lib = '', storeText = '{}'] = process.argv.slice(2)
const spec = JSON.parse(storeText)
/** How many waits are open at any time under load; four for each connection of the client. */
const OPEN_WAITS = 256
/** How many idle waits are registered at a time. */
const SLICE = 100
const HOUR_MS = 3_600_000
const MOST_MS = 60_000

const warn = (/** @type {object} */ details, /** @type {string} */ message) =>
  console.error(`${spec.type}: ${message} ${JSON.stringify(details)}`)
const logger = { debug() {}, info() {}, warn, error: warn }
let handled = 0

/** Serves callbacks; the end of one wait begins the next, as the jobs of a busy app would. */
async function serve() {
  const { callbacks } = require(lib)
  const hooks = callbacks({ listener: { ...CALLBACK, path: PATH }, store: spec }, { logger })
  await hooks.open()
  let next = 0
  const begin = () => {
    hooks.wait(idOf(next++), { timeout: HOUR_MS }).then(onResult, onError)
  }
  const onResult = (/** @type {any} */ result) => {
    if (result.seed !== 42) throw new Error(`a wrong result: ${JSON.stringify(result)}`)
    handled += 1
    begin()
  }
  const onError = (/** @type {unknown} */ error) => {
    throw error
  }
  while (next < OPEN_WAITS) begin()
  const server = hooks.createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = server.address()
  return { port: typeof address === 'object' && address ? address.port : 0, path: PATH }
}

/** The store by itself, which says when a wait is registered. */
function createStore() {
  const clock = { now: Date.now, setTimeout, clearTimeout }
  const park = { forMs: 600_000, max: 10_000, maxBytes: 1024 ** 2 }
  const options = { clock, logger, maxWaits: 1_000_000, park, keepMs: HOUR_MS, onForgotten: () => undefined }
  if (spec.type === 'memory') return require(join(lib, 'store/registry.js')).createMemoryStore(options)
  const adapter = (/** @type {string} */ name) => require(join(lib, '../adapters/stores', name))
  const ledger = createLedger(adapter, { ...spec, clock, logger })
  const { createDurableStore } = require(join(lib, 'store/durable/store.js'))
  return createDurableStore({ ...options, ledger, isShared: spec.type !== 'file' })
}

async function openIdle() {
  const store = createStore()
  await store.open()
  const endpoints = [{ key: `8090 POST ${PATH}`, anonymous: false }]
  const waiter = { onEnd: () => undefined }
  let next = 0
  return async (/** @type {number} */ count) => {
    const opened = Date.now()
    for (let left = count; left > 0; left -= SLICE) {
      const waits = Array.from({ length: Math.min(left, SLICE) }, () =>
        store.wait({ endpoints, ids: [idOf(next++)], timeoutMs: HOUR_MS, queued: false, waiter }),
      )
      await Promise.all(waits.map(({ registered }) => registered))
    }
    return { openedMs: Date.now() - opened }
  }
}

async function heap() {
  await pause(50)
  global.gc?.()
  global.gc?.()
  return process.memoryUsage().heapUsed
}

function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** @type {ReturnType<typeof serve> | undefined} */
let serving
/** @type {ReturnType<typeof openIdle> | undefined} */
let idle

/** @type {Record<string, (message: any) => Promise<object>>} */
const STEPS = {
  async serve() {
    serving ??= serve()
    return { ...(await serving), handled, cpuMs: cpuMs() }
  },
  /** A wait may end a moment after its callback was answered. */
  async handled({ count }) {
    for (let waited = 0; handled < count && waited < MOST_MS; waited += 10) await pause(10)
    return { handled }
  },
  async open({ count }) {
    idle ??= openIdle()
    return { ...(await (await idle)(count)), heap: await heap() }
  },
  async idle({ ms }) {
    const before = cpuMs()
    await pause(ms)
    return { cpuMs: cpuMs() - before }
  },
}

answerMessages(async (message) => STEPS[message.step]?.(message))

/** Creates the ledger of this version, or of 0.4. */
function createLedger(adapter, options) {
  try {
    const { createFileLedger, createPostgresLedger, createRedisLedger } = adapter(`${options.type}/ledger.js`)
    return (createFileLedger ?? createPostgresLedger ?? createRedisLedger)(options)
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error
    if (options.type === 'file') return adapter('file.js').createFileLedger(options)
    return adapter('bullmq.js').createBullmqLedger(options)
  }
}
