// POST /expenses mails a link and waits for the decision, over restarts too; GET /expenses/:task says how it stands.
// In a checkout: npm ci && npm run build, then node examples/human-decision/app.mjs
// With the package: npm install express express-callbacks,
// cp -r node_modules/express-callbacks/examples/human-decision ., then node human-decision/app.mjs.
// Its variables stand in README.md.
import { argv } from 'node:process'
import express from 'express'
import { callbacks, loadConfig } from 'express-callbacks'

// Without an action, a form posts to the URL of its page, ticket included.
const FORM = `<!doctype html>
<html lang="en">
  <meta name="viewport" content="width=device-width">
  <title>Your decision</title>
  <form method="post">
    <p><label>Comment <input name="comment" maxlength="200"></label></p>
    <p><button name="decision" value="approve">Approve</button> <button name="decision" value="reject">Reject</button></p>
  </form>
</html>`

/** Creates the app. Tests give options: variables, and a fetch that asks nobody. */
export function createApp(options) {
  const hooks = callbacks(loadConfig(new URL('callbacks.yml', import.meta.url)), { mountPath: '/', ...options })
  const app = express()
  app.use(hooks) // before express.json(): callbacks read their bodies themselves
  app.use(express.json())

  // A GET decides nothing: mail programs open links to check them.
  app.get('/decision', (_request, response) => {
    response.set({ 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' }).type('html').send(FORM)
  })

  app.post('/expenses', async (request, response, next) => {
    try {
      const { id: task } = await hooks.submit(request.body)
      response.status(202).json({ task })
    } catch (error) {
      next(error) // Express 4 does not do it by itself
    }
  })

  app.get('/expenses/:task', async (request, response, next) => {
    try {
      const task = await hooks.task(request.params.task)
      if (task === undefined) return response.status(404).json({ error: 'there is no such expense' })
      const { status, output, error } = task
      response.json({ status, output, error: error?.message })
    } catch (error) {
      next(error) // Express 4 does not do it by itself
    }
  })

  return { app, hooks }
}

// Not when a test imports this file.
if (import.meta.filename === argv[1]) {
  const { app, hooks } = createApp({ logger: console })
  app.listen(8090, () => hooks.open())
}
