'use strict'

// A workflow stands for each wait: it receives one message, which the route of the callbacks sends to it, with a key so that
// a repeated one is ignored. See "Communicating with Workflows" of docs.dbos.dev.

const { AsyncResource } = require('node:async_hooks')

const HOUR_S = 3600

/** @param {import('../contenders').Setting} setting @returns {Promise<import('../contenders').Contender>} */
async function open({ url, order, goneOn, report }) {
  const { DBOS } = require('@dbos-inc/dbos-sdk')
  DBOS.setConfig({ name: 'compare', systemDatabaseUrl: url, logLevel: 'error' })
  // The next workflow is no child of the one that has ended.
  const tell = AsyncResource.bind(goneOn)
  const painting = DBOS.registerWorkflow(
    async (/** @type {string} */ id) => {
      if (order) await DBOS.runStep(() => order(id), { name: 'order' })
      const result = await DBOS.recv('result', HOUR_S)
      tell(id, result)
      if (report) await DBOS.runStep(() => report(id, result), { name: 'report' })
    },
    { name: 'painting' },
  )
  await DBOS.launch()
  return {
    begin: (id) => DBOS.startWorkflow(painting, { workflowID: id })(id),
    async resume(id, result) {
      await DBOS.send(id, result, 'result', id)
      return true
    },
  }
}

module.exports = { open }
