'use strict'

const { arch, cpus, loadavg, platform } = require('node:os')

/**
 * What a row found. `ratio` is ours / baseline unless the row says what else it is.
 * @typedef {object} Result
 * @property {string} name
 * @property {string} ours
 * @property {string} baseline
 * @property {{ median: number, min: number, max: number }} [ratio]
 * @property {string} [goal]
 * @property {boolean} [reached]
 * @property {string} [note]
 * @property {Record<string, unknown>} [raw] every single measurement, for --json
 */

const WIDTHS = [46, 26, 26, 24, 16]

/**
 * Prints results as they come, or all of them as JSON at the end.
 * @param {import('./options').Options} options
 */
function createReport({ json, quick, libs }) {
  const began = Date.now()
  /** @type {(Result & { id: string })[]} */
  const results = []
  const machine = {
    node: process.version,
    v8: process.versions.v8,
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load: loadavg().map((value) => Math.round(value * 100) / 100),
    mode: quick ? 'quick' : 'full',
    libs,
  }

  return {
    start() {
      if (json) return
      console.log(`Node ${machine.node} (V8 ${machine.v8}), ${machine.cores} x ${machine.cpu}, ${machine.platform}`)
      console.log(
        `load ${machine.load.join(' ')}, ${machine.mode} mode; medians of alternating pairs, [min..max] of all`,
      )
      if (libs.length > 1) console.log(`baseline of the stores: ${libs[1]}`)
      console.log(line('what', 'ours', 'baseline', 'ratio', 'goal'))
    },
    /** @param {{ id: string, what: string }} row */
    begin({ id, what }) {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${id}: ${what}`)
    },
    /** @param {Result & { id: string }} result */
    add(result) {
      results.push(result)
      if (process.stderr.isTTY) process.stderr.write('\r\u001B[K')
      if (json) return
      const { name, ours, baseline, ratio, goal = '', reached, note } = result
      const word = reached === undefined ? '' : reached ? 'goal reached' : 'goal not reached'
      console.log(`${line(name, ours, baseline, ratio ? showRatio(ratio) : '', goal)} ${word}`.trimEnd())
      if (note !== undefined) console.log(`    ${note}`)
    },
    finish() {
      const seconds = Math.round((Date.now() - began) / 1000)
      if (json) console.log(JSON.stringify({ ...machine, seconds, results }, null, 2))
      else console.log(`${seconds} s; load now ${loadavg()[0]?.toFixed(2)}`)
    },
  }
}

/** @param {{ median: number, min: number, max: number }} ratio */
function showRatio({ median, min, max }) {
  return `${show(median)} [${show(min)}..${show(max)}]`
}

/** @param {string[]} cells */
function line(...cells) {
  return cells.map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0)).join(' ')
}

/**
 * Three significant digits.
 * @param {number} value
 */
function show(value) {
  if (!Number.isFinite(value)) return String(value)
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

module.exports = { createReport, show }
