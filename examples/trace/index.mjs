// Runs a workflow from a route of the app, and prints the one trace that the app, the workflow and the service have.
import { printTrees } from './tree.mjs' // first, so that the SDK is there
import { join } from 'node:path'
import { trace } from '@opentelemetry/api'
import express from 'express'
import { callbacks, loadConfig } from 'express-callbacks'
import { startImageApi } from './image-api.mjs'

const app = express()
const server = await new Promise((resolve) => {
  const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
})
const origin = `http://127.0.0.1:${server.address().port}`
const imageApi = await startImageApi()
const env = { API: `http://127.0.0.1:${imageApi.address().port}`, CALLBACK_URL: `${origin}/done` }
const quiet = {
  debug() {},
  info: (_details, message) => console.log(message),
  warn: console.error,
  error: console.error,
}
const hooks = callbacks(loadConfig(join(import.meta.dirname, 'callbacks.yml'), { env }), { logger: quiet })

app.use(hooks)
// The instrumentation of OpenTelemetry for HTTP would record such a span for each request.
app.post('/images', (request, response, next) => {
  void trace.getTracer('app').startActiveSpan('POST /images', async (span) => {
    try {
      response.json(await hooks.run({ prompt: request.query.prompt }))
    } catch (error) {
      next(error)
    } finally {
      span.end()
    }
  })
})

const answer = await fetch(`${origin}/images?prompt=a%20cat`, { method: 'POST' })
console.log(answer.status, await answer.text())
await hooks.close()
server.close()
imageApi.close()
printTrees()
