'use strict'

// Many open waits of one kind, alone in a process with --expose-gc. Prints the bytes of heap for each (the ids are not
// counted, what waits for the promise is) and the microseconds to open and to settle one, after so many `earlier` ones.

const { join } = require('node:path')
const { setImmediate: turn } = require('node:timers/promises')
const { CALLBACK, idOf, PATH } = require('./task')

const [kind = '', lib = '', text = '', earlier = '0'] = process.argv.slice(2)
const count = Number(text)
const MIN_TIMEOUT_MS = 30_000
const TIMEOUT_SPREAD_MS = 300_000
/** Callbacks come a few at a time, and what they woke runs in between. */
const SLICE = 100

/** @typedef {{ open: (id: string, timeout: number) => void, settle: (id: string) => void }} Waits */

let ended = 0
const onEnd = () => {
  ended += 1
}

/** The promises of the package, as an app gets them. @returns {Waits} */
function byHooks() {
  const { callbacks } = require(join(lib, 'index.js'))
  const hooks = callbacks({ listener: { ...CALLBACK, path: PATH } })
  return {
    open: (id, timeout) => void hooks.wait(id, { timeout }).then(onEnd, onEnd),
    settle: (id) => void hooks.settle(id, { ok: true }),
  }
}

/** The store by itself, as a run uses it: no promise. @returns {Waits} */
function byStore() {
  const { createMemoryStore } = require(join(lib, 'store/registry.js'))
  const clock = { now: Date.now, setTimeout, clearTimeout }
  const park = { forMs: 600_000, max: 10_000, maxBytes: 1024 ** 2 }
  const store = createMemoryStore({ clock, maxWaits: count, park, onForgotten: () => undefined })
  const endpoints = [{ key: `8090 POST ${PATH}`, anonymous: false }]
  const [endpoint] = endpoints
  const waiter = { onEnd }
  const outcome = { outcome: 'succeeded', endpoint: PATH, result: { ok: true }, headers: {}, receivedAt: Date.now() }
  return {
    open: (id, timeoutMs) => void store.wait({ endpoints, ids: [id], timeoutMs, queued: true, waiter }),
    settle: (id) => void store.deliver({ endpoint, outcome: { ...outcome, id }, size: () => 0 }),
  }
}

/** What one writes by hand: a map, a promise, and a timer for each. @returns {Waits} */
function byHand() {
  const open = new Map()
  const settle = (/** @type {string} */ id, /** @type {(entry: any) => void} */ end) => {
    const entry = open.get(id)
    if (entry === undefined) return
    open.delete(id)
    clearTimeout(entry.timer)
    end(entry)
  }
  return {
    open(id, timeout) {
      const promise = new Promise((resolve, reject) => {
        const timer = setTimeout(() => settle(id, (entry) => entry.reject(new Error('too late'))), timeout)
        open.set(id, { resolve, reject, timer })
      })
      promise.then(onEnd, onEnd)
    },
    settle: (id) => settle(id, (entry) => entry.resolve({ ok: true })),
  }
}

/** The same order every time, but not that of the ids. @param {number} length */
function shuffled(length) {
  const order = Array.from({ length }, (_, index) => index)
  let seed = 1
  for (let index = length - 1; index > 0; index -= 1) {
    seed = (seed * 1103515245 + 12345) % 2147483648
    const other = seed % (index + 1)
    const kept = order[index]
    order[index] = order[other]
    order[other] = kept
  }
  return order
}

async function heap() {
  await turn()
  global.gc?.()
  global.gc?.()
  return process.memoryUsage().heapUsed
}

/**
 * Opens and settles everything once.
 * @param {Waits} waits
 * @param {string[]} ids
 * @param {number[]} order
 */
async function run(waits, ids, order) {
  ended = 0
  const before = await heap()
  const openStart = process.hrtime.bigint()
  for (const [index, id] of ids.entries()) waits.open(id, MIN_TIMEOUT_MS + ((index * 7919) % TIMEOUT_SPREAD_MS))
  const openUs = Number(process.hrtime.bigint() - openStart) / 1000 / ids.length
  const bytes = ((await heap()) - before) / ids.length
  const settleStart = process.hrtime.bigint()
  for (const [position, index] of order.entries()) {
    waits.settle(ids[index])
    if (position % SLICE === 0) await turn()
  }
  await turn()
  const settleUs = Number(process.hrtime.bigint() - settleStart) / 1000 / ids.length
  if (ended !== ids.length) throw new Error(`${ids.length} waits were settled, ${ended} ended`)
  return { bytes, openUs, settleUs }
}

async function main() {
  const waits = { hooks: byHooks, store: byStore, hand: byHand }[kind]?.()
  if (waits === undefined) throw new Error(`no such kind: ${kind}`)
  const warm = Array.from({ length: 20_000 }, (_, index) => `warm-${index}`)
  await run(waits, warm, shuffled(warm.length))
  for (let already = 0; already < Number(earlier); already += 1) {
    waits.open(`earlier-${already}`, MIN_TIMEOUT_MS)
    waits.settle(`earlier-${already}`)
  }
  await turn()
  const ids = Array.from({ length: count }, (_, index) => idOf(index))
  // Strings get their hash, and the text of a template its final form, before anything is counted.
  if (new Set(ids).size !== count) throw new Error('ids repeat')
  const result = await run(waits, ids, shuffled(count))
  process.stdout.write(JSON.stringify(result), () => process.exit(0))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
