// POST /documents has Azure analyze a document, asks until that is done, and answers with what it found.
// In a checkout: npm ci && npm run build, then node examples/azure-polling/app.mjs
// With the package: npm install express express-callbacks,
// cp -r node_modules/express-callbacks/examples/azure-polling ., then node azure-polling/app.mjs.
// Its variables stand in README.md.
import { argv } from 'node:process'
import express from 'express'
import { callbacks, loadConfig } from 'express-callbacks'

/** Creates the app. Tests give options: variables, and a fetch that asks nobody. */
export function createApp(options) {
  const hooks = callbacks(loadConfig(new URL('callbacks.yml', import.meta.url)), options)
  const app = express()
  app.use(express.json())

  app.post('/documents', (request, response, next) => {
    hooks.run(request.body).then((output) => response.json(output), next)
  })

  app.use((error, _request, response, next) => {
    if (!String(error.code).startsWith('ERR_') || response.headersSent) return next(error)
    response.status(502).json({ error: error.code, message: error.message })
  })

  return { app, hooks }
}

// Not when a test imports this file.
if (import.meta.filename === argv[1]) {
  const { app, hooks } = createApp({ logger: console })
  app.listen(8090, () => hooks.open())
}
