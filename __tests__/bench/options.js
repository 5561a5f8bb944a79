'use strict'

const { join, resolve } = require('node:path')
const { parseArgs } = require('node:util')

const HELP = `npm run bench -- [rows] [options]

rows              a group (http, templates, waits, bulk, cold, stores) or one row of it (http:use); default: all
--quick           less than a minute instead of several: wider spread, no row with a million waits
--json            prints one JSON document instead of the table
--list            prints the rows and measures nothing
--lib <folder>    the compiled package; default: dist/lib. Given twice, the store rows alternate the first one and the second
--cpu-prof <dir>  lets the server processes write CPU profiles there; slows them down`

/**
 * @typedef {object} Options
 * @property {boolean} quick
 * @property {boolean} json
 * @property {boolean} list
 * @property {boolean} help
 * @property {string} lib
 * @property {string[]} libs the first is `lib`
 * @property {string | undefined} cpuProf
 * @property {string[]} names
 * @property {(id: string) => boolean} wants
 */

/**
 * Reads the command line. Throws for a row that no group has.
 * @param {string[]} parameters
 * @param {string[]} groups
 * @returns {Options}
 */
function readOptions(parameters, groups) {
  const { values, positionals } = parseArgs({
    args: parameters,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      lib: { type: 'string', multiple: true, default: [join(__dirname, '../../dist/lib')] },
      'cpu-prof': { type: 'string' },
    },
  })
  const unknown = positionals.find((name) => !groups.includes(name.split(':')[0] ?? ''))
  if (unknown !== undefined) throw new Error(`There is no row "${unknown}"; the groups are ${groups.join(', ')}`)
  const libs = values.lib.map((folder) => resolve(folder))
  return {
    quick: values.quick,
    json: values.json,
    list: values.list,
    help: values.help,
    lib: libs[0] ?? '',
    libs,
    cpuProf: values['cpu-prof'],
    names: positionals,
    wants: (id) => positionals.length === 0 || positionals.some((name) => isPartOf(id, name)),
  }
}

/**
 * `http:create-server` is part of `http`, and `http:create-server-express` of `http:create-server`.
 * @param {string} id
 * @param {string} name
 */
function isPartOf(id, name) {
  return id === name || id.startsWith(`${name}:`) || id.startsWith(`${name}-`)
}

module.exports = { readOptions, HELP }
