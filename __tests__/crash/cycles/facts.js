'use strict'

/** The first delivery of a callback has the result that must count; a second one says something else. */
const paintingOf = (/** @type {string} */ name, /** @type {1 | 2} */ delivery) => `painting ${delivery} of ${name}`

/**
 * What is known of a run, or of a wait by key.
 * @typedef {object} Fact
 * @property {string} name
 * @property {'run' | 'wait'} kind
 * @property {string} [task] the id of the run, when `submit` was answered
 * @property {boolean} isAcknowledged whether its callback was answered 200
 * @property {Record<'paint' | 'report', number[]>} sends when each of its requests came to the service, in milliseconds
 * @property {string[]} results what it ended with, as the service or the caller was told
 * @property {number} asked how often a wait was asked for that is to be answered; a run is asked for once
 * @property {boolean} isStored whether its end was seen in the store
 */

/**
 * Creates the books of one store: what was promised, and what became of it.
 */
function createFacts() {
  /** @type {Map<string, Fact>} */
  const open = new Map()
  /** @type {Map<string, Record<string, number>>} when the jobs of a task were said to be recorded */
  const recorded = new Map()
  /** @type {Map<string, { tellers: import('./instance').Instance[], isStored: boolean }>} */
  const ends = new Map()
  /** @type {Set<string>} names of those that have ended */
  const done = new Set()
  const counts = {
    runs: 0,
    waits: 0,
    acknowledged: 0,
    lost: 0,
    lostRuns: 0,
    resultsTwice: 0,
    endedTwice: 0,
    recordedRepeated: 0,
    unrecordedRepeated: 0,
    toldAgain: 0,
  }
  /** @type {string[]} what was found, for the reader */
  const found = []

  const note = (
    /** @type {'lost' | 'lostRuns' | 'resultsTwice' | 'endedTwice' | 'recordedRepeated'} */ what,
    text = '',
  ) => {
    counts[what] += 1
    found.push(`${what}: ${text}`)
  }

  /** @param {Fact} fact */
  function countSends({ name, task = '', sends }) {
    for (const [job, [, ...again]] of Object.entries(sends)) {
      const since = recorded.get(task)?.[job] ?? Infinity
      for (const at of again) {
        if (at > since) note('recordedRepeated', `${job} of ${name}, ${at - since} ms after it was recorded`)
        else counts.unrecordedRepeated += 1
      }
    }
  }

  /** @param {Fact} fact */
  function judge(fact) {
    const different = new Set(fact.results)
    if (different.size > 1) note('resultsTwice', `${fact.name} ended with ${[...different].join(' and ')}`)
    const isHeard = different.has(paintingOf(fact.name, 1)) && fact.results.length >= fact.asked
    if (fact.isAcknowledged && !isHeard)
      note('lost', `${fact.name} ended with ${[...different].join(' and ') || 'nothing'}, asked ${fact.asked} x`)
    countSends(fact)
    recorded.delete(fact.task ?? '')
    open.delete(fact.name)
  }

  /**
   * A run is done when its result was reported, and its end stands in the store, which can be asked where its id is known.
   * @param {Fact} fact
   */
  function isDone({ kind, task, isStored, results, asked }) {
    return results.length >= asked && (kind === 'wait' || task === undefined || isStored)
  }

  /** @param {Fact} fact */
  function settle(fact) {
    if (!isDone(fact) || (fact.kind === 'run' && fact.task === undefined)) return
    judge(fact)
    done.add(fact.name)
  }

  return {
    counts,
    found,
    open,
    /** @param {string} name @param {Fact['kind']} kind @returns {Fact} */
    begin(name, kind) {
      counts[kind === 'run' ? 'runs' : 'waits'] += 1
      const sends = { paint: [], report: [] }
      /** @type {Fact} */
      const fact = { name, kind, isAcknowledged: false, sends, results: [], asked: 1, isStored: false }
      open.set(name, fact)
      return fact
    },
    /** A request came to the service. @param {string} name @param {'paint' | 'report'} job @param {string} [result] */
    sent(name, job, result) {
      const fact = open.get(name)
      if (fact === undefined) {
        if (done.has(name)) note('recordedRepeated', `${job} of ${name}, which had ended`)
        return false
      }
      fact.sends[job].push(Date.now())
      if (result !== undefined) fact.results.push(result)
      return fact.sends[job].length === 1
    },
    settle,
    /** Those that are to end. Nothing was promised of a run whose `submit` had no answer and which sent nothing. */
    waiting: () =>
      Array.from(open.values()).filter(
        (fact) => !isDone(fact) && (fact.kind === 'wait' || fact.task !== undefined || fact.sends.paint.length > 0),
      ),
    /** How many tasks are open whose orders are recorded. */
    countRecorded: () => Array.from(recorded.values()).filter(({ paint }) => paint !== undefined).length,
    /** An instance says that it has recorded what a job sent. @param {string} task @param {string} job */
    recordedBy(task, job) {
      const jobs = recorded.get(task) ?? {}
      jobs[job] ??= Date.now()
      recorded.set(task, jobs)
    },
    /**
     * An instance says that a run has ended. It may have been killed before that was safe; then another one says so again.
     * @param {string} task
     * @param {import('./instance').Instance} teller
     */
    endedBy(task, teller) {
      const end = ends.get(task) ?? { tellers: [], isStored: false }
      ends.set(task, end)
      if (end.isStored || end.tellers.some((one) => one.isLive() || one === teller)) note('endedTwice', task)
      else if (end.tellers.length > 0) counts.toldAgain += 1
      end.tellers.push(teller)
    },
    /** @param {string} task */
    tellersOf: (task) => ends.get(task)?.tellers ?? [],
    /** The end of a run was read from the store. @param {Fact} fact */
    stored(fact) {
      fact.isStored = true
      const end = ends.get(fact.task ?? '')
      if (end !== undefined) Object.assign(end, { isStored: true })
      settle(fact)
    },
    /** Counts what has not ended by now. */
    close() {
      for (const fact of open.values()) {
        if (fact.task !== undefined && fact.sends.paint.length === 0) note('lostRuns', `${fact.name} sent nothing`)
        else if (fact.results.length > 0 && !isDone(fact)) note('lostRuns', `${fact.name} has no end in the store`)
        judge(fact)
      }
    },
  }
}

module.exports = { createFacts, paintingOf }
