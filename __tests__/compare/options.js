'use strict'

const { parseArgs } = require('node:util')
const { readNumber } = require('../crash/cycles/options')

const HELP = `npm run compare -- [options]

--quick        a tenth of the time: fewer callbacks, 20 kills; wide spread
--kills <n>    how often each contender is killed; default: 200
--only <list>  contenders by their id, parted by commas; a beginning will do (postgres: postgres, postgres-workflow)
--no-speed     only kills
--no-kills     only speed
--seed <n>     repeats the choices of an earlier run, though not its timing
--list         prints the contenders
--json         prints one JSON document instead of the tables`

/**
 * @typedef {object} Options
 * @property {boolean} quick
 * @property {boolean} speed
 * @property {number} kills 0: none
 * @property {number} seed
 * @property {boolean} json
 * @property {boolean} list
 * @property {boolean} help
 * @property {import('./contenders').Row[]} rows
 */

/**
 * Reads the command line. Throws for a contender that there is not.
 * @param {string[]} parameters
 * @param {import('./contenders').Row[]} contenders
 * @returns {Options}
 */
function readOptions(parameters, contenders) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      quick: { type: 'boolean', default: false },
      kills: { type: 'string' },
      only: { type: 'string' },
      'no-speed': { type: 'boolean', default: false },
      'no-kills': { type: 'boolean', default: false },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const only = values.only?.split(',')
  const isNamed = (/** @type {string} */ name, /** @type {string} */ id) => id === name || id.startsWith(`${name}-`)
  const unknown = only?.find((name) => !contenders.some(({ id }) => isNamed(name, id)))
  if (unknown !== undefined)
    throw new Error(`There is no contender "${unknown}"; there are ${contenders.map(({ id }) => id).join(', ')}`)
  return {
    quick: values.quick,
    speed: !values['no-speed'],
    kills: values['no-kills'] ? 0 : readNumber('kills', values.kills ?? (values.quick ? '20' : '200'), 1),
    seed: readNumber('seed', values.seed, 0),
    json: values.json,
    list: values.list,
    help: values.help,
    rows: contenders.filter(({ id }) => only === undefined || only.some((name) => isNamed(name, id))),
  }
}

module.exports = { readOptions, HELP }
