// Starts an image API and a host app, asks the app for four images, and says what becomes of every callback.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { callbacks, loadConfig } from 'express-callbacks'
import { createApp } from './app.mjs'

const MEANING = {
  parked: 'nobody waits for it yet, so it is kept',
  settled: 'it ends the wait',
  failed: 'it ends the wait with an error',
  duplicate: 'it came again, and changes nothing',
}

const hooks = callbacks(loadConfig(join(import.meta.dirname, 'callbacks.yml')))
const imageApi = fork(new URL('image-api.mjs', import.meta.url))
const stop = new AbortController()
let server

for (const [event, meaning] of Object.entries(MEANING)) {
  hooks.on(event, ({ id }) => say('callback', `${id} ${event}: ${meaning}`))
}

try {
  await Promise.race([run(), failWhenApiEnds()])
} catch (error) {
  console.error(`The example failed: ${error.message}`)
  process.exitCode = 1
} finally {
  stop.abort()
  server?.close()
  await hooks.close()
  imageApi.kill()
}

async function run() {
  const [{ url }] = await once(imageApi, 'message')
  say('image API', `${url} in process ${imageApi.pid}`)
  server = createApp(hooks, url).listen(0, '127.0.0.1')
  await once(server, 'listening')
  say('host app', `http://127.0.0.1:${server.address().port}`)

  await ask('GET', '/hello')
  await ask('POST', '/notes', { text: 'the own routes work as ever' })

  await ask('GET', '/paint?prompt=a+cat')
  await ask('GET', '/paint?prompt=a+hasty+fox')
  await ask('GET', '/paint?prompt=a+square+circle')
  const secondCallback = new Promise((resolve) => hooks.on('duplicate', resolve))
  await ask('GET', '/paint?prompt=two+owls')
  await secondCallback

  const { received, settled, failed, duplicate, waiting, parked } = hooks.stats()
  say('stats', JSON.stringify({ received, settled, failed, duplicate, waiting, parked }))
}

/** Asks the host app as any client would. */
async function ask(method, path, body) {
  say('client', `${method} ${path}`)
  const answer = await fetch(`http://127.0.0.1:${server.address().port}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
    signal: stop.signal,
  })
  say('client', `${answer.status} ${await answer.text()}`)
}

async function failWhenApiEnds() {
  const [code, signal] = await once(imageApi, 'exit')
  throw new Error(`the image API ended too early (${signal ?? `exit code ${code}`})`)
}

function say(who, what) {
  console.log(who.padEnd(10), what)
}
