'use strict'

// Sends callbacks over keep-alive connections, one at a time on each, each with a new id. Bare sockets and a scanner
// that only looks for the status and the length, so that a server is the slower side even on two cores.

const { connect } = require('node:net')
const { answerMessages } = require('./answer')
const { bodyAround, idOf, SIGNED_HEADERS } = require('./task')

const CONNECTIONS = 64
const MOST_IDLE_MS = 3000
const MOST_MS = 120_000
const { before, behind, bytes } = bodyAround()

/** @type {Map<string, Connection[]>} */
const pools = new Map()

/** What all connections of one run share. */
class Run {
  sent = 0
  received = 0
  bad = 0
  open = 0
  /**
   * @param {number} firstId
   * @param {number} limit
   * @param {bigint} deadline
   * @param {() => void} done
   */
  constructor(firstId, limit, deadline, done) {
    this.firstId = firstId
    this.limit = limit
    this.deadline = deadline
    this.done = done
  }

  /** Whether one more may be sent; looks at the clock now and then only. */
  mayGoOn() {
    if (this.sent >= this.limit) return false
    if (this.sent % 16 === 0 && process.hrtime.bigint() >= this.deadline) this.limit = this.sent
    return this.sent < this.limit
  }
}

class Connection {
  /** @type {Run | undefined} */
  run
  /** A server closes a connection that was idle for five seconds. */
  usedAt = Date.now()
  rest = ''

  /**
   * @param {number} port
   * @param {string} path
   * @param {string | undefined} scheme
   */
  constructor(port, path, scheme) {
    const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n`
    this.head = `${head}content-length: ${bytes}\r\n`
    this.signedHeaders = SIGNED_HEADERS[scheme]
    this.socket = connect(port, '127.0.0.1')
    this.socket.setNoDelay(true)
    this.socket.setEncoding('latin1')
    this.socket.on('data', (/** @type {string} */ text) => this.read(text))
    this.socket.on('error', (error) => {
      throw error
    })
    this.socket.on('close', () => {
      if (this.run) throw new Error('a connection was closed while a callback was on its way')
    })
    this.ready = new Promise((resolve) => this.socket.once('connect', resolve))
  }

  /** @param {Run} run */
  start(run) {
    run.open += 1
    this.run = run
    this.next(run)
  }

  /** @param {Run} run */
  next(run) {
    if (run.mayGoOn()) {
      this.socket.write(this.requestWith(before + idOf(run.firstId + run.sent++) + behind), 'latin1')
      return
    }
    this.run = undefined
    this.usedAt = Date.now()
    run.open -= 1
    if (run.open === 0) run.done()
  }

  /** @param {string} body */
  requestWith(body) {
    return `${this.head}${this.signedHeaders?.(body) ?? ''}\r\n${body}`
  }

  /** @param {string} text */
  read(text) {
    const answer = this.rest + text
    const end = answerEnd(answer)
    if (end === undefined) {
      this.rest = answer
      return
    }
    const { run } = this
    if (run === undefined || end !== answer.length) throw new Error(`an answer that nobody asked for: ${answer}`)
    this.rest = ''
    run.received += 1
    if (!answer.startsWith('HTTP/1.1 2')) run.bad += 1
    this.next(run)
  }
}

/**
 * Where an answer ends; undefined when it has not come whole.
 * @param {string} answer
 */
function answerEnd(answer) {
  const head = answer.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const length = /\r\ncontent-length: (\d+)/i.exec(answer)
  if (length === null) throw new Error(`an answer without content-length: ${answer.slice(0, head)}`)
  const end = head + 4 + Number(length[1])
  return answer.length >= end ? end : undefined
}

/**
 * Open connections; those that the server may be about to close are replaced.
 * @param {number} port
 * @param {string} path
 * @param {string | undefined} scheme
 */
async function poolFor(port, path, scheme) {
  const key = `${port}${path} ${scheme}`
  const known = pools.get(key) ?? []
  const fresh = known.filter(({ usedAt }) => Date.now() - usedAt < MOST_IDLE_MS)
  for (const connection of known) if (!fresh.includes(connection)) connection.socket.destroy()
  const added = Array.from({ length: CONNECTIONS - fresh.length }, () => new Connection(port, path, scheme))
  const pool = [...fresh, ...added]
  pools.set(key, pool)
  await Promise.all(pool.map(({ ready }) => ready))
  return pool
}

/**
 * Keeps the process from sleeping while a run lasts: waking it costs the server more than the request itself, and the
 * slower the server, the more often. Not where the server has another one behind it, which needs the processor too (`mayRest`).
 * @param {Run} run
 */
function stayAwake(run) {
  if (run.open > 0) setImmediate(stayAwake, run)
}

answerMessages(async ({ port, path, firstId, count, ms, scheme, mayRest }) => {
  const pool = await poolFor(port, path, scheme)
  const cpu = process.cpuUsage()
  const started = process.hrtime.bigint()
  const deadline = started + BigInt(Math.round((ms ?? MOST_MS) * 1e6))
  /** @type {Run} */
  const run = await new Promise((resolve) => {
    const current = new Run(firstId, count ?? Number.POSITIVE_INFINITY, deadline, () => resolve(current))
    for (const connection of pool) connection.start(current)
    if (!mayRest) stayAwake(current)
  })
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  const { user, system } = process.cpuUsage(cpu)
  const busy = (user + system) / 1e6 / seconds
  return { sent: run.sent, bad: run.bad, perSecond: run.received / seconds, busy }
})
