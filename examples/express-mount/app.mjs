import express from 'express'

const STATUS = { ERR_CALLBACK_FAILED: 502, ERR_HTTP_NETWORK: 502, ERR_HTTP_STATUS: 502, ERR_WAIT_TIMEOUT: 504 }

/** The host app: a route that it always had, and one that runs a workflow. */
export function createApp(hooks) {
  const app = express()
  app.use('/hooks', hooks) // before express.json(), since callbacks read their own bodies
  app.use('/_callbacks', hooks.controller) // what runs and what waits, for operators: put it behind your own login
  app.use(express.json())

  app.get('/hello', (request, response) => {
    response.json({ hello: 'world' })
  })

  app.post('/images', async (request, response, next) => {
    const { prompt } = request.body
    // The image API runs on this machine; for one that does not, this is the public URL of the app.
    const appUrl = `http://127.0.0.1:${request.socket.localPort}`
    try {
      response.json(await hooks.run({ prompt, app_url: appUrl }))
    } catch (error) {
      next(error) // Express 5 does this by itself
    }
  })

  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error)
    const reason = error.body?.reason
    response.status(STATUS[error.code] ?? 500).json({ error: error.code ?? 'ERR_INTERNAL', reason })
  })

  return app
}
