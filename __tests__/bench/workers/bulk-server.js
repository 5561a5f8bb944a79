'use strict'

// A server that is sent one callback with many items, each of which ends a wait. Beside the waits it tells how long
// the event loop stood still: the longest gap between two turns of setImmediate.

const http = require('node:http')
const { performance } = require('node:perf_hooks')
const { join } = require('node:path')
const { answerMessages } = require('./answer')
const { CALLBACK, idOf, PATH } = require('./task')

const [variant = '', lib = '', text = ''] = process.argv.slice(2)
const count = Number(text)

let resolved = 0
let round = 0
const onResult = () => {
  resolved += 1
}

/** @returns {{ server: http.Server, wait: (id: string) => Promise<unknown> }} */
function createOurs() {
  const { callbacks } = require(join(lib, 'index.js'))
  const endpoint = { ...CALLBACK, path: PATH, bulk: true, item: '${body.items}' }
  const spec = {
    ...endpoint,
    identify_by: '${item.taskId}',
    status: '${item.status}',
    result: { url: '${item.url}', seed: '${item.seed}' },
  }
  const hooks = callbacks({ listener: { body_limit: '16mb', callbacks: [spec] } })
  return { server: hooks.createServer(), wait: (id) => hooks.wait(id, { timeout: 600_000 }) }
}

/** The same job with nothing around it, all at once: parse, look up, resolve. */
function createBare() {
  /** @type {Map<string, (result: unknown) => void>} */
  const open = new Map()
  const server = http.createServer((request, response) => {
    /** @type {Buffer[]} */
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      for (const { taskId, status, url, seed } of JSON.parse(Buffer.concat(chunks).toString()).items) {
        const resolve = open.get(taskId)
        open.delete(taskId)
        if (status === 'COMPLETED') resolve?.({ url, seed })
      }
      response.statusCode = 200
      response.end()
    })
  })
  return { server, wait: (/** @type {string} */ id) => new Promise((resolve) => open.set(id, resolve)) }
}

/** @param {number} first */
function createBody(first) {
  const items = Array.from({ length: count }, (_, index) => ({
    taskId: idOf(first + index),
    status: 'COMPLETED',
    url: 'https://cdn.example.com/o/7f3a9c.png',
    seed: index % 1000,
    node: 'gpu-07',
  }))
  return Buffer.from(JSON.stringify({ items }))
}

/** Watches the event loop until it is told to stop, and then gives the longest gap in milliseconds. */
function watchLoop() {
  let longest = 0
  let last = performance.now()
  let watching = true
  const look = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (watching) setImmediate(look)
  }
  setImmediate(look)
  return () => {
    watching = false
    return Math.max(longest, performance.now() - last)
  }
}

const { server, wait } = variant === 'bare' ? createBare() : createOurs()
const listening = new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
/** @type {(() => number) | undefined} */
let stopWatching

answerMessages(async ({ step }) => {
  await listening
  const address = server.address()
  if (step === 'prepare') {
    const first = round++ * count
    const body = createBody(first)
    const parseStart = performance.now()
    JSON.parse(body.toString())
    const parseMs = performance.now() - parseStart
    resolved = 0
    for (let index = 0; index < count; index += 1) void wait(idOf(first + index)).then(onResult)
    stopWatching = watchLoop()
    const port = typeof address === 'object' && address ? address.port : 0
    return { port, path: PATH, body: body.toString(), parseMs }
  }
  return { resolved, longestMs: stopWatching?.() }
})
