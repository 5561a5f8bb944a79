'use strict'

// A process with one contender, which waits for callbacks and says when its awaiting code goes on; `npm run bench` asks it, too.

const { createServer } = require('node:http')
const { json } = require('node:stream/consumers')
const { setTimeout: pause } = require('node:timers/promises')
const { answerMessages } = require('../bench/workers/answer')
const { idOf, PATH } = require('../bench/workers/task')
const { contenderOf } = require('./contenders')

/** How many waits are open at any time under load; four for each connection of the client. */
const OPEN_WAITS = 256
const MOST_MS = 60_000
const EARLY_MS = 2

const [name = '', settingText = '{}'] = process.argv.slice(2)
const { row, open } = contenderOf(name)
let handled = 0
let next = 0
/** When the code of each wait went on: the number of its id, and the milliseconds of a clock that all processes share. */
let wentOn = /** @type {[number, number][]} */ ([])
/** @type {Map<string, Promise<unknown>>} */
const begun = new Map()
/** @type {Promise<{ port: number, path: string }> | undefined} */
let serving

/** Serves callbacks; what was resumed by one begins the next, as the jobs of a busy app would. */
async function serve() {
  const {
    begin,
    resume,
    server = createRoute(resume),
  } = await open({
    ...row.setting,
    ...JSON.parse(settingText),
    goneOn(id, result) {
      if (result?.image?.seed !== 42) throw new Error(`a wrong result: ${JSON.stringify(result)}`)
      wentOn.push([Number(id.replace('task-', '')), Number(process.hrtime.bigint()) / 1e6])
      handled += 1
      void beginNext()
    },
  })
  async function beginNext() {
    const id = idOf(next++)
    const beginning = begin(id)
    if (resume) begun.set(id, beginning)
    await beginning
  }
  while (next < OPEN_WAITS) await beginNext()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = server.address()
  return { port: typeof address === 'object' && address ? address.port : 0, path: PATH }
}

/** Without a place for callbacks that are early, one waits here. @param {import('./contenders').Contender['resume']} resume */
function createRoute(resume) {
  return createServer(async (request, response) => {
    const { taskId: id, result } = /** @type {any} */ (await json(request))
    while (!begun.has(id)) await pause(1)
    await begun.get(id)
    begun.delete(id)
    while (!(await resume?.(id, result))) await pause(EARLY_MS)
    response.end()
  })
}

/** @type {Record<string, (message: any) => Promise<object>>} */
const STEPS = {
  async serve() {
    serving ??= serve()
    const { user, system } = process.cpuUsage()
    return { ...(await serving), handled, cpuMs: (user + system) / 1000 }
  },
  /** A wait may end a moment after its callback was answered. */
  async handled({ count }) {
    for (let waited = 0; handled < count && waited < MOST_MS; waited += 10) await pause(10)
    return { handled }
  },
  /** What went on since this was asked last. */
  async wentOn() {
    const since = wentOn
    wentOn = []
    return { wentOn: since }
  },
}

answerMessages(async (message) => STEPS[message.step]?.(message))
