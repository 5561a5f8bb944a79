'use strict'

const { parseArgs } = require('node:util')

const HELP = `npm run crash -- [options]

--cycles <n>     how often a process is killed in all, divided among the stores; default: 300
--seconds <n>    how long cycles begin at most; default: no limit
--stores <list>  of file, redis, postgres; default: all of them. Those that need a server start one of their own
--takeovers <n>  how often takeover is measured on each server, after kill -9 and after close(); default: 3
--park <time>    for how long a callback is kept that nobody waits for yet; default: 1d, since a wait may come late where
                 every process is killed soon; one that comes later than this counts as lost
--seed <n>       repeats the choices of an earlier run, though not its timing
--json           prints one JSON document instead of the table`

/** For how long a callback is kept that nobody waits for yet. */
const KEPT = '1d'
const STORES = ['file', 'redis', 'postgres']

/**
 * Reads the command line. Throws for what makes no run.
 * @param {string[]} parameters
 */
function readOptions(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      cycles: { type: 'string', default: '300' },
      seconds: { type: 'string', default: '86400' },
      stores: { type: 'string', default: STORES.join(',') },
      takeovers: { type: 'string', default: '3' },
      park: { type: 'string', default: KEPT },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const stores = values.stores.split(',')
  const unknown = stores.find((name) => !STORES.includes(name))
  if (unknown !== undefined) throw new Error(`There is no store "${unknown}"; there are ${STORES.join(', ')}`)
  return {
    cycles: readNumber('cycles', values.cycles, 1),
    seconds: readNumber('seconds', values.seconds, 1),
    takeovers: readNumber('takeovers', values.takeovers, 0),
    seed: readNumber('seed', values.seed, 0),
    stores,
    park: values.park,
    json: values.json,
    help: values.help,
  }
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} least
 */
function readNumber(name, text, least) {
  const number = Number(text)
  if (text.trim() !== '' && Number.isInteger(number) && number >= least) return number
  throw new Error(`--${name} must be a whole number from ${least} on, not "${text}"`)
}

module.exports = { readOptions, readNumber, HELP, KEPT }
