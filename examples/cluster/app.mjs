// One instance of the app. It is started twice, and knows nothing of the other one.
import { join } from 'node:path'
import express from 'express'
import { callbacks, loadConfig } from 'express-callbacks'

const say = (details, message) => console.log(`instance ${process.env.NAME}`.padEnd(11), message)
const logger = { debug() {}, info: say, warn: say, error: say }
const hooks = callbacks(loadConfig(join(import.meta.dirname, 'callbacks.yml')), { logger })
const app = express()
app.use(hooks) // before express.json(), since callbacks read their own bodies
app.use(express.json())

app.post('/images', async (request, response, next) => {
  try {
    const { id } = await hooks.submit({ prompt: request.body.prompt })
    response.status(202).json({ id, instance: process.env.NAME })
  } catch (error) {
    next(error) // Express 5 does this by itself
  }
})

app.get('/images/:id', async (request, response, next) => {
  try {
    const task = await hooks.task(request.params.id) // whichever instance has it
    if (task === undefined) response.status(404).end()
    else response.json({ status: task.status, url: task.output?.url, reason: task.error?.message })
  } catch (error) {
    next(error)
  }
})

app.use((error, request, response, next) => {
  if (response.headersSent) return next(error)
  response.status(503).json({ error: error.code ?? error.message }) // the Redis is away, or this instance is closing
})

hooks.on('task', ({ task, status }) => {
  if (status !== 'running') say({}, `task ${task.slice(0, 8)} ${status}`)
})

// When whoever forked it ends, however that ends.
process.on('disconnect', async () => {
  server.close()
  await hooks.close() // leaves what runs to the others
  process.exit()
})

const server = app.listen(0, '127.0.0.1', async () => {
  await hooks.open() // from now on it also takes up what an instance that died has left
  process.send({ url: `http://127.0.0.1:${server.address().port}` })
})
