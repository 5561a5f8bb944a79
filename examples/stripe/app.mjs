// POST /orders makes a Checkout Session and waits for its payment, over restarts too; GET /orders/:task says how it stands.
// In a checkout: npm ci && npm run build, then node examples/stripe/app.mjs
// With the package: npm install express express-callbacks, cp -r node_modules/express-callbacks/examples/stripe ., then
// node stripe/app.mjs. Its variables stand in README.md.
import { argv } from 'node:process'
import express from 'express'
import { callbacks, loadConfig } from 'express-callbacks'

/** Creates the app. Tests give options: variables, and a fetch that asks nobody. */
export function createApp(options) {
  const hooks = callbacks(loadConfig(new URL('callbacks.yml', import.meta.url)), options)
  const app = express()
  app.use(hooks) // before express.json(): callbacks read their bodies themselves
  app.use(express.json())

  app.post('/orders', async (request, response, next) => {
    try {
      // By the order, the events of Stripe are known as ours.
      if (!request.body?.order) return response.status(400).json({ error: 'order is missing' })
      const { session, url } = await hooks.run(request.body, { workflow: 'checkout' })
      const { id: task } = await hooks.submit({ session }, { workflow: 'payment' })
      response.status(201).json({ task, url }) // the customer goes to the url
    } catch (error) {
      next(error) // Express 4 does not do it by itself
    }
  })

  app.get('/orders/:task', async (request, response, next) => {
    try {
      const task = await hooks.task(request.params.task)
      if (task === undefined) return response.status(404).json({ error: 'there is no such order' })
      const { status, output, error } = task
      response.json({ status, output, error: error?.message })
    } catch (error) {
      next(error) // Express 4 does not do it by itself
    }
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
