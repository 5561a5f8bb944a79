'use strict'

// A workflow waits for a signal, which the route of the callbacks sends. A signal for which no run waits yet is dropped, so
// the route refuses it then, and the service calls again. See the pages on signals of openworkflow.dev.

const { load } = require('../packages')

const CONCURRENCY = 64

/** @param {import('../contenders').Setting} setting @returns {Promise<import('../contenders').Contender>} */
async function open({ url, order, goneOn, report }) {
  const { OpenWorkflow } = await load('openworkflow')
  const { BackendPostgres } = await load('openworkflow/postgres')
  const client = new OpenWorkflow({ backend: await BackendPostgres.connect(url) })
  const painting = client.defineWorkflow({ name: 'painting' }, async (/** @type {any} */ { input: { id }, step }) => {
    if (order) await step.run({ name: 'order' }, () => order(id))
    const told = await step.waitForSignal({ name: 'result', signal: id, timeout: '1h' })
    goneOn(id, told?.data)
    if (report) await step.run({ name: 'report' }, () => report(id, told?.data))
  })
  await client.newWorker({ concurrency: CONCURRENCY }).start()
  return {
    begin: (id) => painting.run({ id }, { idempotencyKey: id }),
    async resume(id, result) {
      const { workflowRunIds } = await client.sendSignal({ signal: id, data: result, idempotencyKey: id })
      return workflowRunIds.length > 0
    },
  }
}

module.exports = { open }
