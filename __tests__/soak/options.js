'use strict'

const { resolve } = require('node:path')
const { parseArgs } = require('node:util')

const HELP = `npm run soak -- [options]

--seconds <n>   how long the load lasts; default: 60, at least 2. Warming up and settling take about 15 seconds more
--rate <n>      how many times as fast as ours the server's clock runs; default: 1. Above 1, its time limits pass in a short run
--seed <n>      repeats the choices of an earlier run, though not its timing
--json          prints one JSON document instead of the table
--lib <folder>  the compiled package; default: dist/lib
--plant <what>  makes the server do what the checks must find: leak (keeps every request), handle (leaves a timer);
                may be given twice`

const PLANTS = ['leak', 'handle']

/**
 * @typedef {object} Options
 * @property {number} seconds
 * @property {number} rate
 * @property {number} seed
 * @property {boolean} json
 * @property {boolean} help
 * @property {string} lib
 * @property {string[]} plants
 */

/**
 * Reads the command line. Throws for what makes no run.
 * @param {string[]} parameters
 * @returns {Options}
 */
function readOptions(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      seconds: { type: 'string', default: '60' },
      rate: { type: 'string', default: '1' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      lib: { type: 'string' },
      plant: { type: 'string', multiple: true, default: [] },
    },
  })
  const unknown = values.plant.find((name) => !PLANTS.includes(name))
  if (unknown !== undefined)
    throw new Error(`Nothing named "${unknown}" can be planted; there are ${PLANTS.join(', ')}`)
  return {
    seconds: readNumber('seconds', values.seconds, 2, 3600),
    rate: readNumber('rate', values.rate, 1, 10),
    seed: readNumber('seed', values.seed ?? String(Date.now() % 1_000_000), 0, 2 ** 31),
    json: values.json,
    help: values.help,
    lib: resolve(values.lib ?? resolve(__dirname, '../../dist/lib')),
    plants: values.plant,
  }
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} least
 * @param {number} most
 */
function readNumber(name, text, least, most) {
  const number = Number(text)
  if (text.trim() !== '' && number >= least && number <= most) return number
  throw new Error(`--${name} must be a number from ${least} to ${most}, not "${text}"`)
}

module.exports = { readOptions, HELP }
