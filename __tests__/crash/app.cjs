// A user's app in a process of its own. Its config stands in APP as JSON; it writes what happens as a line of JSON each.
const { writeSync } = require('node:fs')
const express = require('express')
const { callbacks } = require('../../dist/lib/index.js')

// At once, so that a line that was written outlives the process.
const write = (line) => void writeSync(1, `${JSON.stringify(line)}\n`)
const within = process.env.TRACED ? require('./traced.cjs').trace(write) : (_name, work) => work()
const log = (level) => (_details, message) => write({ is: 'log', level, message })

const hooks = callbacks(JSON.parse(process.env.APP), {
  logger: { debug: () => undefined, info: log('info'), warn: log('warn'), error: log('error') },
})
hooks.on('task', ({ task, status }) => write({ is: 'task', task, status }))
hooks.on('job', ({ task, job, status }) => write({ is: 'job', task, job, status }))

/** Answers with what the work gives. */
const answering = (work) => (request, response, next) => {
  work(request).then((body) => response.json(body), next)
}

const app = express()
app.use(hooks)
app.use('/_callbacks', hooks.controller)
app.use(express.json())
app.post(
  '/submit',
  answering(({ body }) => within('POST /submit', async () => ({ id: (await hooks.submit(body)).id }))),
)
app.post(
  '/run',
  answering(async ({ body }) => ({ output: await hooks.run(body) })),
)
app.post(
  '/wait',
  answering(async ({ body: { id, key } }) => {
    const waiting = within('POST /wait', () => hooks.wait(id, { path: '/done', ...(key && { key }) }))
    write({ is: 'wait', id })
    return { result: await waiting }
  }),
)
app.get(
  '/task/:id',
  answering(async ({ params: { id } }) => (await hooks.task(id)) ?? null),
)
app.use((error, _request, response, _next) => {
  response.status(500).json({ error: error.code, message: error.message })
})

const server = app.listen(0, '127.0.0.1', async () => {
  const failed = await hooks.open().then(
    () => undefined,
    ({ code }) => code,
  )
  write({ is: 'ready', port: server.address().port, failed })
})
process.once('SIGTERM', async () => {
  await hooks.close()
  process.exit(0)
})
// It does not outlive whoever started it.
process.stdin.on('end', () => process.exit(1)).resume()
