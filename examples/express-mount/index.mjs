// Starts an image API and the app, and asks the app as any client would.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { callbacks, loadConfig } from 'express-callbacks'
import { createApp } from './app.mjs'

const imageApi = fork(new URL('image-api.mjs', import.meta.url))
const [{ url }] = await once(imageApi, 'message')
const hooks = callbacks(loadConfig(join(import.meta.dirname, 'callbacks.yml'), { env: { IMAGE_API: url } }))
const server = createApp(hooks).listen(0, '127.0.0.1')

try {
  await once(server, 'listening')
  await ask('GET', '/hello')
  await ask('POST', '/images', { prompt: 'a cat' })
  await ask('POST', '/images', { prompt: 'a square circle' })
  await ask('GET', '/_callbacks/health')
} catch (error) {
  console.error(`The example failed: ${error.message}`)
  process.exitCode = 1
} finally {
  server.close()
  await hooks.close()
  imageApi.kill()
}

async function ask(method, path, body) {
  const answer = await fetch(`http://127.0.0.1:${server.address().port}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  console.log(`${method} ${path} -> ${answer.status} ${await answer.text()}`)
}
