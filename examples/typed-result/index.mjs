// Asks for two pictures and a price. One picture does not fit its schema; of the prices, the first two are refused.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import express from 'express'
import { callbacks } from 'express-callbacks'
import { Picture, Price } from './schemas.mjs'

const services = fork(new URL('services.mjs', import.meta.url))
const [{ url }] = await once(services, 'message')
const answers = []
services.on('message', ({ sent }) => answers.push(sent))

const callback = { identify_by: '${body.id}', result: '${body.result}' }
const hooks = callbacks({
  listener: {
    callbacks: [
      { ...callback, path: '/pictures' },
      { ...callback, path: '/prices', schema: Price, on_mismatch: 'refuse' },
    ],
  },
})
const app = express()
app.use(hooks)
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')

try {
  const { made } = await ask(
    'picture-1',
    '/pictures',
    [{ url: 'https://example.com/1.png', made: '2026-11-30T12:00:00Z' }],
    Picture,
  )
  console.log(`picture-1 was made in ${made.getUTCFullYear()}`)
  await ask('picture-2', '/pictures', [{ url: 'soon', made: 'today' }], Picture).catch(({ code, issues }) => {
    console.log(`picture-2 is ${code}: ${issues.map(({ path }) => path).join(', ')}`)
  })
  const { cents } = await ask('price-1', '/prices', [{ cents: '12' }, {}, { cents: 12 }])
  console.log(`price-1 is ${cents} cents`)
  while (answers.length < 5) await once(services, 'message')
  for (const answer of answers) console.log(`answered ${answer}`)
} catch (error) {
  console.error(`The example failed: ${error.message}`)
  process.exitCode = 1
} finally {
  await hooks.close()
  server.close()
  services.kill()
}

/** Waits before it asks, so that no callback is too early. */
async function ask(id, path, says, schema) {
  const result = hooks.wait(id, { path, schema, timeout: '10s' })
  const webhook = `http://127.0.0.1:${server.address().port}${path}`
  const headers = { 'content-type': 'application/json' }
  await fetch(url, { method: 'POST', headers, body: JSON.stringify({ id, webhook, says }) })
  return result
}
