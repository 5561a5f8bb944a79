'use strict'

// How soon awaiting code goes on after its callback, and what is lost or doubled when processes are killed: this package on
// each of its stores, and libraries that can do the same job. It asserts nothing.
// npm run compare -- [--quick] [--kills n] [--only a,b] [--json] [--list]

const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { createRandom } = require('../crash/cycles/random')
const { CONTENDERS } = require('./contenders')
const { measureKills } = require('./kills')
const { readOptions, HELP } = require('./options')
const { install } = require('./packages')
const { describe, headOf, loadNow, resultOf } = require('./report')
const { measureSpeed } = require('./speed')

/** Contenders that are killed at the same time; speed is measured one by one. */
const LANES = 4

/** How much of what was lost or doubled is shown; --json has all of it. */
const SHOWN = 5

const say = (/** @type {string} */ text) => process.stderr.write(`${text}\n`)

/**
 * Runs a measurement, and says why when it cannot be run.
 * @param {import('./report').Result} result
 * @param {() => Promise<Partial<import('./report').Result>>} measure
 */
async function attempt(result, measure) {
  if (result.missing !== undefined) return
  const began = Date.now()
  try {
    Object.assign(result, await measure())
    say(`${result.title}: ${Math.round((Date.now() - began) / 1000)} s`)
    for (const found of result.kills?.found.slice(0, SHOWN) ?? []) say(`  ${found}`)
  } catch (error) {
    ;[result.missing] = String(error instanceof Error ? error.message : error).split('\n', 1)
    say(`${result.title}: ${result.missing}`)
  }
}

/** @param {import('./options').Options} options */
async function compare({ rows, quick, speed, kills, seed }) {
  for (const { installs } of rows) if (installs) install(installs)
  const all = rows.map((row, index) => ({ row, index, result: resultOf(row) }))
  if (speed)
    for (const { row, result } of all)
      await attempt(result, async () => ({ speed: await measureSpeed(row, { quick }) }))
  if (kills > 0) {
    // Those that take longest to go on with what was left are begun first.
    const left = all
      .filter(({ row }) => row.isCrashed !== false)
      .toSorted((one, other) => other.row.recoversS - one.row.recoversS)
    const lanes = Array.from({ length: LANES }, async () => {
      for (let next = left.shift(); next; next = left.shift()) {
        const { row, index, result } = next
        const options = { kills, random: createRandom(seed + index) }
        await attempt(result, async () => ({ kills: await measureKills(row, options) }))
      }
    })
    await Promise.all(lanes)
  }
  return all.map(({ result }) => result)
}

async function main() {
  const options = readOptions(process.argv.slice(2), CONTENDERS)
  if (options.help) return console.log(HELP)
  if (options.list) return console.log(options.rows.map(({ id, title }) => `${id.padEnd(20)} ${title}`).join('\n'))
  if (!existsSync(join(__dirname, '../../dist/lib/index.js'))) throw new Error('run "npm run build" first')
  const began = Date.now()
  const head = headOf(options)
  const results = await compare(options)
  const end = { seconds: Math.round((Date.now() - began) / 1000), loadAtEnd: loadNow() }
  const document = { ...head, ...end, results }
  console.log(options.json ? JSON.stringify(document, null, 2) : describe(document))
}

main().catch((error) => {
  console.error(`compare: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
})
