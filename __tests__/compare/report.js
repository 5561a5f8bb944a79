'use strict'

const { cpus, loadavg } = require('node:os')
const { show } = require('../bench/report')
const { versionOf } = require('./packages')

/** @typedef {{ id: string, title: string, versions: Record<string, string | undefined>, speed?: import('./speed').Speed, kills?: ReturnType<ReturnType<import('./books')['createBooks']>['count']>, missing?: string }} Result */

/** What the table of speed shows of a contender. @type {[string, (speed: import('./speed').Speed) => string][]} */
const SPEED = [
  ['p50', ({ p50 }) => `${show(p50)} ms`],
  ['p99', ({ p99 }) => `${show(p99)} ms`],
  ['per second', ({ perSecond }) => show(perSecond)],
  ['CPU of its process', ({ cpuMs }) => `${show(cpuMs)} ms`],
]
/** What the table of kills shows. @type {[string, Exclude<keyof NonNullable<Result['kills']>, 'found'>][]} */
const KILLS = [
  ['kills', 'kills'],
  ['runs begun', 'runs'],
  ['callbacks acknowledged', 'acknowledged'],
  ['lost', 'lost'],
  ['doubled', 'doubled'],
  ['sent again', 'repeated'],
]

/** @param {import('./contenders').Row} row @returns {Result} */
function resultOf({ id, title, packages, installs = {} }) {
  const versions = Object.fromEntries([...packages, ...Object.keys(installs)].map((name) => [name, versionOf(name)]))
  return { id, title, versions }
}

/** The load of the last minute: how many processes want the cores. */
function loadNow() {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100
}

/** What stands over the figures: date, versions and the machine. @param {import('./options').Options} options */
function headOf({ quick, kills, seed }) {
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    version: require('../../package.json').version,
    node: process.version,
    cpu: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
    load: loadNow(),
    mode: quick ? 'quick' : 'full',
    kills,
    seed,
  }
}

/**
 * Returns the tables in Markdown.
 * @param {ReturnType<typeof headOf> & { results: Result[], seconds: number, loadAtEnd: number }} document
 */
function describe({ results, ...head }) {
  const versions = results
    .flatMap((result) => Object.entries(result.versions))
    .map(([name, version]) => `${name} ${version}`)
  const tables = [
    table(
      ['awaiting code goes on', ...SPEED.map(([title]) => title)],
      results,
      ({ speed }) => speed && SPEED.map(([, read]) => read(speed)),
    ),
    table(
      ['killed under load', ...KILLS.map(([title]) => title)],
      results,
      ({ kills }) => kills && KILLS.map(([, key]) => String(kills[key])),
    ),
  ]
  return [
    `${head.date} UTC, express-callbacks ${head.version}, ${[...new Set(versions)].join(', ')}`,
    `Node ${head.node}, ${head.cpu}, load ${head.load} to ${head.loadAtEnd}, ${head.mode} mode, seed ${head.seed}, ${head.seconds} s`,
    ...tables.filter((text) => text !== ''),
    ...results.flatMap(({ title, missing }) => (missing === undefined ? [] : [`not measured: ${title}: ${missing}`])),
  ].join('\n\n')
}

/**
 * @param {string[]} titles
 * @param {Result[]} results
 * @param {(result: Result) => string[] | undefined} read no cells: no line
 */
function table(titles, results, read) {
  const lines = results.flatMap((result) => {
    const cells = read(result)
    return cells ? [[result.title, ...cells]] : []
  })
  if (lines.length === 0) return ''
  return [titles, titles.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

module.exports = { describe, headOf, loadNow, resultOf }
