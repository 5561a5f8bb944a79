'use strict'

// This package, in two ways: code that awaits `hooks.wait(id)`, and code that awaits `hooks.run(input)`, whose workflow waits.

const { CALLBACK, PATH } = require('../../bench/workers/task')

const HOUR_MS = 3_600_000
const WORKFLOW = {
  id: 'painting',
  jobs: [{ id: 'result', wait_for: { id: '${input.id}', path: PATH, timeout: '1h' } }],
  output: '${jobs.result.output}',
}

/** @param {import('../contenders').Setting} setting @returns {Promise<import('../contenders').Contender>} */
async function open({ store, isWorkflow, goneOn }) {
  const { callbacks } = require('../../../dist/lib/index.js')
  const warn = (/** @type {object} */ details, /** @type {string} */ message) =>
    console.error(`${message} ${JSON.stringify(details)}`)
  const listener = { ...CALLBACK, path: PATH, ...(isWorkflow && { workflow: false }) }
  const config = { store, listener, ...(isWorkflow && { workflow: WORKFLOW }) }
  const hooks = callbacks(config, { logger: { debug() {}, info() {}, warn, error: warn } })
  await hooks.open()
  const wait = (/** @type {string} */ id) => (isWorkflow ? hooks.run({ id }) : hooks.wait(id, { timeout: HOUR_MS }))
  return {
    async begin(id) {
      wait(id).then(
        (/** @type {any} */ image) => goneOn(id, { image }),
        (/** @type {unknown} */ error) => {
          throw error
        },
      )
    },
    server: hooks.createServer(),
  }
}

module.exports = { open }
