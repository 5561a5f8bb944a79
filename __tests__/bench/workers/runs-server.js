'use strict'

// An instance that has many waiting runs, or takes up those of another one. Each run waits for a callback of its own.

const { setTimeout: pause } = require('node:timers/promises')
const { answerMessages } = require('./answer')
const { CALLBACK, idOf, PATH } = require('./task')

const [lib = '', storeText = '{}'] = process.argv.slice(2)
/** How many runs are begun at a time. */
const SLICE = 200
const LOOK_MS = 20
const MOST_MS = 300_000

const spec = {
  store: JSON.parse(storeText),
  listener: { ...CALLBACK, path: PATH, workflow: false },
  workflow: { id: 'waiting', jobs: [{ id: 'result', wait_for: { id: '${input.id}', path: PATH, timeout: '2h' } }] },
}
let taken = 0
let waiting = 0

const { callbacks } = require(lib)
const warn = (/** @type {object} */ details, /** @type {string} */ message) =>
  console.error(`${message} ${JSON.stringify(details)}`)
const info = (/** @type {{ tasks?: string[], count?: number }} */ { tasks, count }, /** @type {string} */ message) => {
  if (message.startsWith('Took up')) taken += count ?? tasks?.length ?? 0
}
const hooks = callbacks(spec, { logger: { debug() {}, info, warn, error: warn } })
hooks.on('job', (/** @type {{ status: string }} */ { status }) => {
  if (status === 'waiting') waiting += 1
})

/** Resident memory, without what was thrown away already. */
async function rss() {
  await pause(500)
  global.gc?.()
  global.gc?.()
  return process.memoryUsage().rss
}

async function until(/** @type {() => boolean} */ condition) {
  for (const end = Date.now() + MOST_MS; !condition() && Date.now() < end;) await pause(LOOK_MS)
}

/** @type {Record<string, (message: any) => Promise<object>>} */
const STEPS = {
  async open() {
    await hooks.open()
    return {}
  },
  async begin({ count }) {
    for (let next = 0; next < count; next += SLICE) {
      const slice = Array.from({ length: Math.min(SLICE, count - next) }, (_, index) => ({ id: idOf(next + index) }))
      await Promise.all(slice.map((input) => hooks.submit(input)))
    }
    await until(() => waiting >= count)
    return { waiting, rss: await rss() }
  },
  /** Resolves when so many runs were taken up, and again when all of them wait here. */
  async taken({ count }) {
    await until(() => taken >= count)
    const { user, system } = process.cpuUsage()
    return { taken, at: Date.now(), cpuUs: user + system }
  },
  async rss({ count }) {
    await until(() => waiting >= count)
    return { waiting, at: Date.now(), rss: await rss() }
  },
}

answerMessages((message) => STEPS[message.step]?.(message))
