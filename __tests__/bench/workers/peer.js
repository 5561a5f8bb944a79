'use strict'

// What a server of the rows "ours / another library" has around that library: the route that takes callbacks, and the
// messages of store-server.js.

const { createServer } = require('node:http')
const { json } = require('node:stream/consumers')
const { setTimeout: pause } = require('node:timers/promises')
const { answerMessages } = require('./answer')
const { idOf, PATH } = require('./task')

const OPEN_WAITS = 256
const MOST_MS = 60_000

/**
 * Serves callbacks; what was resumed by one begins the next, as the jobs of a busy app would.
 * @param {(onResult: (result: any) => void) => Promise<{
 *   begin: (id: string) => Promise<unknown>, resume: (id: string, body: any) => Promise<unknown>
 * }>} open starts the library; `resume` resolves when the callback is safe
 */
function servePeer(open) {
  let handled = 0
  let next = 0
  /** @type {Map<string, Promise<unknown>>} */
  const begun = new Map()
  /** @type {Promise<{ port: number, path: string }> | undefined} */
  let serving

  async function serve() {
    const beginNext = () => {
      const id = idOf(next++)
      begun.set(id, begin(id))
      return begun.get(id)
    }
    /** Without a place for callbacks that are early, one waits here. */
    const beginningOf = async (/** @type {string} */ id) => {
      while (!begun.has(id)) await pause(1)
      await begun.get(id)
      begun.delete(id)
    }
    const { begin, resume } = await open((result) => {
      if (result?.image?.seed !== 42) throw new Error(`a wrong result: ${JSON.stringify(result)}`)
      handled += 1
      void beginNext()
    })
    while (next < OPEN_WAITS) await beginNext()
    const server = createServer(async (request, response) => {
      const body = /** @type {any} */ (await json(request))
      await beginningOf(body.taskId)
      await resume(body.taskId, body)
      response.end()
    })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
    const address = server.address()
    return { port: typeof address === 'object' && address ? address.port : 0, path: PATH }
  }

  answerMessages(async ({ step, count }) => {
    for (let waited = 0; step === 'handled' && handled < count && waited < MOST_MS; waited += 10) await pause(10)
    serving ??= serve()
    const { user, system } = process.cpuUsage()
    return { ...(await serving), handled, cpuMs: (user + system) / 1000 }
  })
}

module.exports = { servePeer }
