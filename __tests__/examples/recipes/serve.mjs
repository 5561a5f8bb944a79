// Serves the app of a recipe on a free port. What it asks by fetch goes to FAKE_PROVIDER, with the real URL in a header.
import { Console } from 'node:console'
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import { argv, env, stdout } from 'node:process'

const { FAKE_PROVIDER, ...variables } = env
const { createApp } = await import(pathToFileURL(argv[2]).href)

const { app, hooks } = createApp({ env: variables, fetch: askFake, logger: new Console({ stdout, stderr: stdout }) })
const server = createServer(app).listen(0, '127.0.0.1', async () => {
  await hooks.open()
  stdout.write(`listening on ${server.address().port}\n`)
})

async function askFake(input, init) {
  const request = new Request(input, init)
  const { method, redirect, signal } = request
  const headers = new Headers(request.headers)
  headers.set('x-asked-url', request.url)
  const body = method === 'GET' ? undefined : await request.arrayBuffer()
  return fetch(FAKE_PROVIDER, { method, headers, body, redirect, signal })
}
