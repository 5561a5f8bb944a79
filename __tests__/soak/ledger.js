'use strict'

const { PATHS } = require('./config')

/**
 * What a wait must end with: a status and the proof that only the genuine sender knows, or nothing in time. `isOpen`
 * stands for a wait of which both are right, since the sender came too late to be sure.
 * @typedef {{ ids: readonly string[], status: string, proof?: string, isOpen?: boolean }} Expected
 */

/** What the client sent, what it was answered, and how its waits ended. */
class Ledger {
  /** @type {Map<string, Expected>} */
  #open = new Map()
  /** @type {Record<string, Record<string, number>>} answers by kind */
  answers = {}
  /** @type {Record<string, Record<string, number>>} answers by endpoint */
  endpoints = Object.fromEntries(PATHS.map((path) => [path, {}]))
  /** @type {Record<string, number>} */
  sent = {}
  waits = { opened: 0, done: 0, failed: 0, timedOut: 0 }
  /** What stats() must agree with, beside the answers. */
  counts = {
    early: 0,
    excused: 0,
    hangups: 0,
    badItems: 0,
    refusedItems: 0,
    duplicates: 0,
    pending: 0,
    unidentified: 0,
  }
  /** @type {string[]} the first of what must not be */
  wrong = []
  wrongs = { results: 0, believed: 0, unanswered: 0 }

  get requests() {
    return Object.values(this.sent).reduce((sum, count) => sum + count, 0)
  }

  get waiting() {
    return this.#open.size
  }

  /**
   * @param {string} key
   * @param {Expected} expected
   */
  expect(key, expected) {
    this.#open.set(key, expected)
    this.waits.opened += 1
  }

  /**
   * The wait of that key may also end by its timeout.
   * @param {string} key
   */
  excuse(key) {
    const expected = this.#open.get(key)
    this.counts.excused += 1
    if (expected) expected.isOpen = true
  }

  /** @param {string} kind */
  send(kind) {
    this.sent[kind] = (this.sent[kind] ?? 0) + 1
  }

  /**
   * @param {string} kind
   * @param {string | undefined} path
   * @param {import('./connection').Answer | undefined} answer
   */
  answer(kind, path, answer) {
    const name = answer?.name ?? 'none'
    const ofKind = (this.answers[kind] ??= {})
    ofKind[name] = (ofKind[name] ?? 0) + 1
    const ofEndpoint = path === undefined ? undefined : this.endpoints[path]
    if (ofEndpoint) ofEndpoint[name] = (ofEndpoint[name] ?? 0) + 1
  }

  /**
   * Takes what became of a wait: a line of the server.
   * @param {string} line
   */
  result(line) {
    const [key = '', status = '', proof, id = ''] = line.split(' ')
    const expected = this.#open.get(key)
    this.#open.delete(key)
    if (status === 'DONE') this.waits.done += 1
    else if (status === 'FAILED') this.waits.failed += 1
    else this.waits.timedOut += 1
    if (expected === undefined) return this.#report('results', `${line}: nobody waited, or it ended before`)
    if (proof !== undefined && proof !== expected.proof) {
      return this.#report('believed', `${line}: the proof of the genuine sender is ${expected.proof}`)
    }
    const isTimeout = status === 'ERR_WAIT_TIMEOUT'
    if (expected.isOpen === true && isTimeout) return
    const isRight = status === expected.status && (isTimeout || expected.ids.includes(id))
    if (!isRight) this.#report('results', `${line}: should be ${expected.status} for ${expected.ids.join(' or ')}`)
  }

  /** @param {string} what */
  unanswered(what) {
    this.#report('unanswered', what)
  }

  /** The waits of which nothing was heard. */
  lost() {
    return [...this.#open].map(([key, { ids }]) => `${key} ${ids.join(' ')}`)
  }

  /**
   * @param {keyof Ledger['wrongs']} kind
   * @param {string} what
   */
  #report(kind, what) {
    this.wrongs[kind] += 1
    if (this.wrong.length < 10) this.wrong.push(what)
  }
}

module.exports = { Ledger }
