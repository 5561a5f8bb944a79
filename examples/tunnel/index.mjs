// Starts a print shop and an app, opens the tunnel to the app, and has two things printed.
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import express from 'express'
import { callbacks, loadConfig } from 'express-callbacks'

process.chdir(import.meta.dirname) // where tunnel.mjs is
const PRINT_TOKEN = randomUUID() // what the app and the shop have agreed on
const printShop = fork('print-shop.mjs', { env: { ...process.env, PRINT_TOKEN } })
const [{ url }] = await once(printShop, 'message')

const app = express()
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')

const config = loadConfig(join(import.meta.dirname, 'callbacks.yml'), { env: { PRINT_SHOP: url, PRINT_TOKEN } })
const hooks = callbacks(config, { port: server.address().port }) // the gateway leads to the app, wherever it listens
app.use(hooks)
hooks.on('gateway', ({ state, driver }) => console.log('gateway', state, 'by', driver))

try {
  await hooks.open() // once the app listens
  for (const text of ['hello', 'a longer text']) {
    const { pages, told_at: path } = await hooks.run({ text })
    console.log('printed', pages, 'pages, told at', path)
  }
} catch (error) {
  console.error(`The example failed: ${error.message}`)
  process.exitCode = 1
} finally {
  await hooks.close()
  server.close()
  printShop.kill()
}
