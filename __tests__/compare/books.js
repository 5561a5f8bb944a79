'use strict'

/** The first delivery of a callback has the result that must count; a second one says something else. */
const paintingOf = (/** @type {string} */ run, /** @type {1 | 2} */ delivery) => `painting ${delivery} of ${run}`

/** How long after a kill a request may still be read that was sent before. */
const LATE_MS = 250

/**
 * What is known of a run.
 * @typedef {object} Run
 * @property {boolean} isBegun whether the request that began it was answered 2xx
 * @property {boolean} isOrdered whether it has sent its request to the service
 * @property {boolean} isAcknowledged whether its callback was answered 2xx
 * @property {{ at: number, painting: string }[]} reports what the awaiting code sent when it had gone on
 */

/**
 * Creates the books of one contender under kills: what was promised, and what the awaiting code did.
 */
function createBooks(now = Date.now) {
  /** @type {Map<string, Run>} */
  const runs = new Map()
  /** @type {number[]} */
  const kills = []
  const mark = (/** @type {string} */ run, /** @type {Partial<Run>} */ facts) =>
    void Object.assign(runs.get(run) ?? {}, facts)
  const isKilledBetween = (/** @type {number} */ from, /** @type {number} */ to) =>
    kills.some((at) => at + LATE_MS >= from && at <= to)

  return {
    /** A run was asked for. @param {string} run */
    asked: (run) => void runs.set(run, { isBegun: false, isOrdered: false, isAcknowledged: false, reports: [] }),
    /** Its beginning was answered 2xx. @param {string} run */
    begun: (run) => mark(run, { isBegun: true }),
    /** Its request came to the service. Returns whether it is the first one. @param {string} run */
    ordered(run) {
      const isFirst = runs.get(run)?.isOrdered === false
      mark(run, { isOrdered: true })
      return isFirst
    },
    /** Its callback was answered 2xx. @param {string} run */
    acknowledged: (run) => mark(run, { isAcknowledged: true }),
    /** The awaiting code of a run went on. @param {string} run @param {string} painting */
    reported: (run, painting) => void runs.get(run)?.reports.push({ at: now(), painting }),
    killed: () => void kills.push(now()),
    /** How many of those that are to go on have not. */
    countOpen: () =>
      Array.from(runs.values()).filter(
        ({ isBegun, isOrdered, reports }) => (isBegun || isOrdered) && reports.length === 0,
      ).length,
    /** Counts what has become of all of them by now. */
    count() {
      const figures = { kills: kills.length, runs: 0, acknowledged: 0, lost: 0, doubled: 0, repeated: 0 }
      /** @type {string[]} what was lost or doubled, for the reader */
      const found = []
      const note = (/** @type {'lost' | 'doubled'} */ what, /** @type {string} */ text) => {
        figures[what] += 1
        found.push(`${what}: ${text}`)
      }
      for (const [run, { isBegun, isAcknowledged, reports }] of runs) {
        if (isBegun) figures.runs += 1
        if (isAcknowledged) figures.acknowledged += 1
        if (reports.length === 0 && isAcknowledged) note('lost', `the callback of ${run} was acknowledged`)
        else if (reports.length === 0 && isBegun) note('lost', `${run} was begun`)
        for (const [index, { at, painting }] of reports.entries()) {
          const before = reports[index - 1]
          if (painting !== paintingOf(run, 1)) note('doubled', `${run} went on with ${painting}`)
          else if (before && isKilledBetween(before.at, at)) figures.repeated += 1
          else if (before) note('doubled', `${run} went on again after ${at - before.at} ms`)
        }
      }
      return { ...figures, found }
    },
  }
}

module.exports = { createBooks, paintingOf }
