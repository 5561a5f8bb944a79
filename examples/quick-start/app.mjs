import express from 'express'

const STATUS = { ERR_CALLBACK_FAILED: 502, ERR_WAIT_TIMEOUT: 504 }

/** The host app: the routes that it always had, and one that awaits a callback. */
export function createApp(hooks, imageApi) {
  const app = express()
  app.use(hooks) // before express.json(), since callbacks read their own bodies
  app.use(express.json())

  app.get('/hello', (request, response) => {
    response.json({ hello: 'world' })
  })

  app.post('/notes', (request, response) => {
    response.status(201).json({ noted: request.body.text })
  })

  app.get('/paint', async (request, response, next) => {
    // The image API runs on this machine; for one that does not, this is the public URL of the app.
    const callbackUrl = `http://127.0.0.1:${request.socket.localPort}/callbacks/image`
    try {
      const taskId = await startPainting(imageApi, request.query.prompt, callbackUrl)
      const url = await hooks.wait(taskId, { timeout: '10s' })
      response.json({ url })
    } catch (error) {
      next(error) // Express 5 does this by itself
    }
  })

  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error)
    response.status(STATUS[error.code] ?? 500).json({ error: error.code ?? error.message, reason: error.body?.reason })
  })

  return app
}

async function startPainting(imageApi, prompt, callbackUrl) {
  const answer = await fetch(`${imageApi}/images`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt, callback_url: callbackUrl }),
  })
  if (!answer.ok) throw new Error(`The image API answered ${answer.status}`)
  const { task_id: taskId } = await answer.json()
  return taskId
}
