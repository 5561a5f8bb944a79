'use strict'
const express = require('express')

const STATUS = { ERR_CALLBACK_FAILED: 502, ERR_WAIT_TIMEOUT: 504 }

/** An app that answers with a report as soon as its callback has come. */
function createApp(hooks) {
  const app = express()
  app.use(hooks)

  app.get('/reports/:id', async (request, response, next) => {
    try {
      const url = await hooks.wait(request.params.id, { timeout: '5m' })
      response.json({ url })
    } catch (error) {
      next(error) // Express 5 does this by itself; with Express 4 the request would never be answered
    }
  })

  app.use((error, request, response, next) => {
    const status = STATUS[error.code]
    if (status === undefined) return next(error)
    response.status(status).json({ error: error.code, reason: error.body?.reason })
  })

  return app
}

module.exports = { createApp }
