'use strict'

/** The first delivery of a callback has the result that must count; a second one says something else. */
const paintingOf = (/** @type {string} */ run, /** @type {1 | 2} */ delivery) => `painting ${delivery} of ${run}`

/**
 * Creates the books of one contender under kills: what was promised, and what the awaiting code did.
 */
function createBooks() {
  /** @type {Map<string, { isPromised: boolean, reports: { at: number, painting: string }[] }>} */
  const runs = new Map()
  /** @type {number[]} */
  const kills = []
  const isKilledBetween = (/** @type {number} */ from, /** @type {number} */ to) =>
    kills.some((at) => at >= from && at <= to)

  return {
    /** Says whether a run is a new one. @param {string} run */
    ordered(run) {
      if (runs.has(run)) return false
      runs.set(run, { isPromised: false, reports: [] })
      return true
    },
    /** The callback of a run was answered 2xx. @param {string} run */
    promised: (run) => void Object.assign(runs.get(run) ?? {}, { isPromised: true }),
    /** The awaiting code of a run went on. @param {string} run @param {string} painting */
    reported: (run, painting) => void runs.get(run)?.reports.push({ at: Date.now(), painting }),
    killed: () => void kills.push(Date.now()),
    /** How many runs have not gone on, or have no callback yet that was acknowledged. */
    countOpen: () =>
      Array.from(runs.values()).filter(({ isPromised, reports }) => !isPromised || reports.length === 0).length,
    /** Counts what has become of all of them by now. */
    count() {
      const figures = { kills: kills.length, acknowledged: 0, lost: 0, doubled: 0, repeated: 0 }
      for (const [run, { isPromised, reports }] of runs) {
        if (isPromised) figures.acknowledged += 1
        if (isPromised && reports.length === 0) figures.lost += 1
        for (const [index, { at, painting }] of reports.entries()) {
          const before = reports[index - 1]
          if (painting !== paintingOf(run, 1)) figures.doubled += 1
          else if (before && isKilledBetween(before.at, at)) figures.repeated += 1
          else if (before) figures.doubled += 1
        }
      }
      return figures
    },
  }
}

module.exports = { createBooks, paintingOf }
