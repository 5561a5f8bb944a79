// Orders tea, which is paid, packed and billed, and then gold, for which the payment is refused.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { callbacks, loadConfig } from 'express-callbacks'

const shop = fork(new URL('shop.mjs', import.meta.url))
const [{ url }] = await once(shop, 'message')
const env = { SHOP: url, PORT: '0' }
const hooks = callbacks(loadConfig(join(import.meta.dirname, 'callbacks.yml'), { env }))

try {
  const { ports } = await hooks.listen()
  const origin = `http://127.0.0.1:${ports[0]}`
  const { paid, parcel, invoice } = await hooks.run({ order: 'tea', origin })
  console.log(`tea: ${paid.by} ${paid.amount} euros, parcel ${parcel}, invoice ${invoice}`)
  const { code, reason } = await hooks.run({ order: 'gold', origin }).catch((error) => error)
  console.log(`gold: ${code}, ${reason}`)
  console.log(`waits that are left open: ${hooks.stats().waiting}`)
} catch (error) {
  console.error(`The example failed: ${error.message}`)
  process.exitCode = 1
} finally {
  await hooks.close()
  shop.kill()
}
