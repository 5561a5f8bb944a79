'use strict'

const { setTimeout: sleep } = require('node:timers/promises')
const { sign, SIGNED } = require('./config')
const { Connection, exchange, post } = require('./connection')

const MOST_TRIES = 500
/** How long waits last that will be answered, and those that will not, by the server's clock. */
const LONG_MS = 120_000
const SHORT_MS = 2500

/** What all senders of one client share. */
class World {
  #ids = 0
  #state
  stopped = false
  /** @type {Set<import('node:net').Socket>} connections that would go on for ever */
  endless = new Set()

  /**
   * @param {import('./ledger').Ledger} ledger
   * @param {readonly [number, number]} ports app.use(hooks), and createServer(app)
   * @param {number} rate how fast the server's clock runs
   * @param {number} seed
   */
  constructor(ledger, ports, rate, seed) {
    this.ledger = ledger
    this.ports = ports
    this.rate = rate
    this.#state = seed >>> 0
  }

  /** A number from 0 to below 1, the same for a seed (mulberry32). */
  random() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** @param {number} probability */
  chance(probability) {
    return this.random() < probability
  }

  /** One of a list that is not empty. @template T @param {readonly T[]} list */
  pick(list) {
    return list[Math.floor(this.random() * list.length)]
  }

  /** An id that was never used, as long as all others. */
  newId() {
    return `task-${String(this.#ids++).padStart(10, '0')}`
  }
}

/** One sender with two keep-alive connections, to either server. */
class Sender {
  /** @param {World} world */
  constructor(world) {
    this.world = world
    const ports = world.chance(0.5) ? world.ports : world.ports.toReversed()
    const [main = 0, other = 0] = ports
    this.main = new Connection(main)
    this.other = new Connection(other)
  }

  /**
   * Sends one whole request and counts it with its answer.
   * @param {string} kind
   * @param {string | undefined} path the endpoint, if it is for one
   * @param {Buffer} request
   * @param {Connection} [connection]
   */
  async send(kind, path, request, connection = this.main) {
    const { ledger } = this.world
    ledger.send(kind)
    try {
      const answer = await connection.send(request)
      ledger.answer(kind, path, answer)
      return answer
    } catch (error) {
      ledger.unanswered(`${kind}: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }

  /**
   * Sends as a service does that was told to come again: until it is taken.
   * @param {string} kind
   * @param {string} path
   * @param {() => Buffer} make
   * @param {Connection} [connection]
   */
  async deliver(kind, path, make, connection) {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const answer = await this.send(kind, path, make(), connection)
      if (answer?.status !== 503 && answer?.status !== 408) return answer
      await sleep(10 + 30 * this.world.random())
    }
    this.world.ledger.unanswered(`${kind}: refused ${MOST_TRIES} times`)
    return undefined
  }

  /**
   * Lets the server open waits.
   * @param {{ key: string, ids: readonly string[], path?: string | undefined, timeout: number }[]} waits
   */
  async wait(waits) {
    await this.send('wait', undefined, post('/waits', JSON.stringify(waits)))
  }

  /**
   * Writes a request by hand on a connection of its own.
   * @param {string} kind
   * @param {string | undefined} path
   * @param {(socket: import('node:net').Socket) => void} write
   * @param {{ isEndless?: boolean }} [how] whether it goes on until it is refused, or until the run ends
   */
  async raw(kind, path, write, { isEndless = false } = {}) {
    const { ledger, ports, endless } = this.world
    const answer = await exchange(this.world.pick(ports), write, isEndless ? endless : undefined)
    if (answer === false) {
      if (!isEndless) ledger.unanswered(`${kind}: no connection`)
      return
    }
    ledger.send(kind)
    ledger.answer(kind, path, answer)
  }

  close() {
    this.main.close()
    this.other.close()
  }

  check() {
    this.main.check()
    this.other.check()
  }
}

/**
 * The request of the genuine sender.
 * @param {string} body
 */
function signed(body) {
  return post(SIGNED, body, sign(body))
}

module.exports = { World, Sender, signed, LONG_MS, SHORT_MS }
