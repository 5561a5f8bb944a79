// Starts the services and the listener, runs the workflow, and prints what it gives.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { callbacks, loadConfig } from 'express-callbacks'

const prompt = process.argv[2] ?? 'a cat'
const services = fork(new URL('services.mjs', import.meta.url))
const [{ url }] = await once(services, 'message')
const config = loadConfig(join(import.meta.dirname, 'callbacks.yml'), { env: { SERVICES: url } })
const hooks = callbacks(config)

hooks.on('job', ({ job, status, ids }) => console.log('job', job, status, ids ? `for ${ids[0]}` : ''))
hooks.on('settled', ({ endpoint, id }) => console.log('callback', endpoint, id))

try {
  await hooks.listen()
  console.log(await hooks.run({ prompt, size: '640x480' }))
} catch (error) {
  console.error(`The workflow failed: ${error.message}`)
  process.exitCode = 1
} finally {
  await hooks.close()
  services.kill()
}
