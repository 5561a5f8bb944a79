'use strict'

// Who is compared: one row each.

/**
 * What a contender is opened with.
 * @typedef {object} Setting
 * @property {string} [url] that of its server
 * @property {object} [store] the store of express-callbacks
 * @property {boolean} [isWorkflow] whether express-callbacks waits by a workflow
 * @property {(id: string) => Promise<unknown>} [order] sends the request whose callback is awaited; speed goes without
 * @property {(id: string, result: any) => void} goneOn called when the awaiting code goes on
 * @property {(id: string, result: any) => Promise<unknown>} [report] what the awaiting code does then; speed goes without
 */

/**
 * A library that is open.
 * @typedef {object} Contender
 * @property {(id: string) => Promise<unknown>} begin resolves when the wait, or the run that will wait, is safe
 * @property {(id: string, result: any) => Promise<boolean>} [resume] resolves when the callback is safe; false: refused
 * @property {import('node:http').Server} [server] one that takes callbacks by itself, instead of `resume`
 */

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} title
 * @property {string} file of `contenders/`
 * @property {'redis' | 'postgres' | 'file' | 'memory'} place where it keeps what it must not lose
 * @property {string[]} packages whose versions are shown
 * @property {Record<string, string>} [installs] what is installed for it, by name and version
 * @property {object} [setting]
 * @property {boolean} [isCrashed] whether it is killed; default: yes
 * @property {number} recoversS within how many seconds it goes on with what a process has left that was killed
 */

/** @type {Row[]} */
const OURS = /** @type {const} */ (['memory', 'file', 'redis', 'postgres']).flatMap((place) => {
  const row = { file: 'ours.js', place, packages: [], recoversS: 12 }
  return [
    {
      ...row,
      id: place,
      title: `express-callbacks, ${place}: wait()`,
      isCrashed: false,
    },
    {
      ...row,
      id: `${place}-workflow`,
      title: `express-callbacks, ${place}: workflow`,
      setting: { isWorkflow: true },
      isCrashed: place !== 'memory',
    },
  ]
})

/** @type {Row[]} */
const OTHERS = [
  {
    id: 'bullmq',
    title: 'BullMQ, redis',
    file: 'bullmq.js',
    place: 'redis',
    packages: ['bullmq'],
    recoversS: 65,
  },
  {
    id: 'dbos',
    title: 'DBOS, postgres',
    file: 'dbos.js',
    place: 'postgres',
    packages: ['@dbos-inc/dbos-sdk'],
    recoversS: 5,
  },
  {
    id: 'openworkflow',
    title: 'openworkflow, postgres',
    file: 'openworkflow.js',
    place: 'postgres',
    packages: ['openworkflow'],
    installs: { openworkflow: '0.10.1', postgres: '3.4.9' },
    recoversS: 35,
  },
  {
    id: 'graphile-worker',
    title: 'graphile-worker, postgres',
    file: 'graphile-worker.js',
    place: 'postgres',
    packages: ['graphile-worker'],
    installs: { 'graphile-worker': '0.17.3' },
    recoversS: 10,
  },
  {
    id: 'pg-boss',
    title: 'pg-boss, postgres',
    file: 'pg-boss.js',
    place: 'postgres',
    packages: ['pg-boss'],
    installs: { 'pg-boss': '10.4.2' },
    recoversS: 35,
  },
]

const CONTENDERS = [...OURS, ...OTHERS]

/**
 * Returns the row of an id, and its code.
 * @param {string} id
 */
function contenderOf(id) {
  const row = CONTENDERS.find((one) => one.id === id)
  if (row === undefined)
    throw new Error(`There is no contender "${id}"; there are ${CONTENDERS.map((one) => one.id).join(', ')}`)
  /** @type {{ open: (setting: Setting) => Promise<Contender> }} */
  const { open } = require(`./contenders/${row.file}`)
  return { row, open }
}

module.exports = { CONTENDERS, contenderOf }
