'use strict'

const { alternate, median, ratios } = require('../numbers')
const { startWorker } = require('../processes')
const { show } = require('../report')

/** @typedef {{ perSecond: number, cpuUs: number, clientBusy: number }} Window */

/**
 * Name, what is measured, our server, the baseline's server, the ratio of requests per second that is the goal, and
 * how callbacks are signed. Both servers of a pair are sent the same, also where only one of them verifies. Where others
 * verify, nobody waits; Slack's bolt is not among them.
 */
const ROWS = [
  ['control', 'node:http beside itself', 'bare', 'bare', undefined],
  ['use', 'app.use(hooks), a wait / Express route', 'use', 'express', 1],
  ['use-verify', 'app.use(hooks), a wait: HMAC / unverified', 'use-verify', 'use', 0.85, 'github'],
  ['use-verify-express', 'app.use(hooks), HMAC / Express by hand', 'use-verify', 'express-verify', undefined, 'github'],
  ['use-verify-octokit', 'app.use(hooks), HMAC / octokit in Express', 'use-verify', 'octokit-verify', 1, 'github'],
  [
    'use-verify-standard',
    'app.use(hooks), HMAC / standardwebhooks in Express',
    'use-verify-standard',
    'standard-verify',
    1,
    'standard-webhooks',
  ],
  ['create-server', 'createServer(app), a wait / node:http', 'create-server', 'bare', 0.75],
  ['create-server-express', 'createServer(app), a wait / Express route', 'create-server', 'express', 3.5],
  ['use-deliveries', 'app.use(hooks), deliveries kept / not kept', 'use', 'use-forgetful', 0.95],
  [
    'create-server-deliveries',
    'createServer(app), deliveries kept / not kept',
    'create-server',
    'create-server-forgetful',
    0.95,
  ],
  ['own-route', "the app's own route, createServer / app", 'own-route', 'express', 2],
  ['endpoints', '1,000 endpoints / one', 'endpoints', 'create-server', 0.9],
  ['listen', 'listen(), a wait / node:http', 'listen', 'bare', 0.75],
]

/** @param {import('../options').Options} options */
function rows(options) {
  return ROWS.map(([name, what, ours, baseline, goal, scheme]) => ({
    id: `http:${name}`,
    what: `${what}`,
    measure: async () => [await measure(`${what}`, `${ours}`, `${baseline}`, Number(goal), scheme, options)],
  }))
}

/**
 * @param {string} name
 * @param {string} ours
 * @param {string} baseline
 * @param {number} goal
 * @param {string | number | undefined} scheme
 * @param {import('../options').Options} options
 */
async function measure(name, ours, baseline, goal, scheme, options) {
  const plan = options.quick ? { warm: 3000, rounds: 5, ms: 200 } : { warm: 12_000, rounds: 7, ms: 800 }
  const client = startWorker('http-client.js')
  const a = startServer(ours, client, options)
  const b = startServer(baseline, client, options)
  try {
    await a.send({ count: plan.warm, scheme })
    await b.send({ count: plan.warm, scheme })
    const windows = await alternate(
      plan.rounds,
      () => a.send({ ms: plan.ms, scheme }),
      () => b.send({ ms: plan.ms, scheme }),
    )
    return describe(name, windows, goal)
  } finally {
    await Promise.all([client.stop(), a.stop(), b.stop()])
  }
}

/**
 * A server in a process of its own, and windows of load on it. Throws when an answer was no 2xx, or when a callback did
 * not wake its wait (or reach its route).
 * @param {string} variant
 * @param {import('../processes').Worker} client
 * @param {import('../options').Options} options
 */
function startServer(variant, client, { lib, cpuProf }) {
  const nodeOptions = cpuProf === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${cpuProf}`]
  const worker = startWorker('http-server.js', { parameters: [variant, lib], nodeOptions })
  let nextId = 0
  return {
    stop: worker.stop,
    /** @param {{ count?: number, ms?: number, scheme: string | number | undefined }} load */
    async send(load) {
      const before = await worker.ask({})
      const sent = await client.ask({ ...load, port: before.port, path: before.path, firstId: nextId })
      const after = await worker.ask({})
      nextId += sent.sent
      if (sent.bad > 0) throw new Error(`${variant}: ${sent.bad} of ${sent.sent} answers were no 2xx`)
      const handled = after.handled - before.handled
      if (handled !== sent.sent) throw new Error(`${variant}: ${sent.sent} callbacks were sent, ${handled} arrived`)
      return {
        perSecond: sent.perSecond,
        cpuUs: ((after.cpuMs - before.cpuMs) * 1000) / sent.sent,
        clientBusy: sent.busy,
      }
    },
  }
}

/**
 * @param {string} name
 * @param {{ a: Window[], b: Window[] }} windows
 * @param {number} goal
 */
function describe(name, { a, b }, goal) {
  const rate = ratios(perSecond(a), perSecond(b))
  const cpu = ratios(cpuUs(b), cpuUs(a))
  return {
    name,
    ours: `${show(median(perSecond(a)))}/s, ${show(median(cpuUs(a)))} us CPU`,
    baseline: `${show(median(perSecond(b)))}/s, ${show(median(cpuUs(b)))} us CPU`,
    ratio: rate,
    ...(Number.isNaN(goal) ? {} : { goal: `>= ${goal}`, reached: rate.median >= goal }),
    note: `by CPU time per request: ${show(cpu.median)} [${show(cpu.min)}..${show(cpu.max)}]; client busy ${busy(a)} and ${busy(b)}`,
    raw: { ours: a, baseline: b, cpuRatio: cpu },
  }
}

/** @param {{ perSecond: number }[]} windows */
function perSecond(windows) {
  return windows.map((window) => window.perSecond)
}

/** @param {{ cpuUs: number }[]} windows */
function cpuUs(windows) {
  return windows.map((window) => window.cpuUs)
}

/**
 * How much of a core the client took; near 100 % it was the slower side, and the CPU times alone count.
 * @param {{ clientBusy: number }[]} windows
 */
function busy(windows) {
  return `${Math.round(100 * median(windows.map((window) => window.clientBusy)))} %`
}

module.exports = { rows }
