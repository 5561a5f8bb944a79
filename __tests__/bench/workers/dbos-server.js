'use strict'

// A workflow stands for each wait: it receives one message, which the route of the callbacks sends to it. See "Communicating
// with Workflows" of docs.dbos.dev.

const { AsyncResource } = require('node:async_hooks')
const { DBOS } = require('@dbos-inc/dbos-sdk')
const { servePeer } = require('./peer')

const { url } = JSON.parse(process.argv[2] ?? '{}')
const HOUR_S = 3600

servePeer(async (onResult) => {
  DBOS.setConfig({ name: 'bench', systemDatabaseUrl: url, logLevel: 'error' })
  // The next workflow is no child of the one that has ended.
  const onMessage = AsyncResource.bind(onResult)
  const workflow = DBOS.registerWorkflow(async () => onMessage(await DBOS.recv('result', HOUR_S)), { name: 'wait' })
  await DBOS.launch()
  return {
    begin: (id) => DBOS.startWorkflow(workflow, { workflowID: id })(),
    resume: (id, { result }) => DBOS.send(id, result, 'result'),
  }
})
