'use strict'

// One server of the HTTP rows, by name. Every callback answers 200 without a body.

const { createHmac, timingSafeEqual } = require('node:crypto')
const http = require('node:http')
const { answerMessages } = require('./answer')
const { CALLBACK, GITHUB, idOf, PATH, STANDARD } = require('./task')

const [name = '', lib = ''] = process.argv.slice(2)
/** A variant that keeps no deliveries, beside the one that does. */
const isForgetful = name.endsWith('-forgetful')
const variant = name.replace('-forgetful', '')
/** How many waits are open at any time. */
const OPEN_WAITS = 10_000
const MANY = 1000
/** Whose signatures our own servers verify, by variant. */
const SENDERS = { 'use-verify': GITHUB, 'use-verify-standard': STANDARD }

let handled = 0

/** Bare node:http that reads and parses, and nothing else. */
function bare() {
  return http.createServer((request, response) => {
    /** @type {Buffer[]} */
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      JSON.parse((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)).toString())
      handled += 1
      response.statusCode = 200
      response.end()
    })
  })
}

/** A host app with a body parser and one route that only answers; `mount` comes before both. */
function hostApp(/** @type {any} */ mount) {
  const express = require('express')
  const app = express()
  if (mount) app.use(mount)
  app.use(express.json())
  app.post('/own', answer)
  app.post(PATH, answer)
  return app
}

/** A host app with one route that is handed the raw body, so that it can verify it. */
function rawApp(/** @type {import('express').RequestHandler} */ route) {
  const express = require('express')
  const app = express()
  app.post(PATH, express.raw({ type: 'application/json' }), route)
  return app
}

/**
 * @param {import('express').Request} request
 * @param {import('express').Response} response
 * @param {boolean} isGood
 */
function answerVerified(request, response, isGood) {
  if (!isGood) {
    response.status(401).end()
    return
  }
  request.body = JSON.parse(request.body.toString())
  answer(request, response)
}

/** As it is written where no library does it. */
function byHandApp() {
  return rawApp((request, response) => {
    const written = request.get(GITHUB.header) ?? ''
    const signature = Buffer.from(written.slice(GITHUB.prefix.length), 'hex')
    const digest = createHmac('sha256', GITHUB.secret).update(request.body).digest()
    answerVerified(request, response, signature.length === digest.length && timingSafeEqual(signature, digest))
  })
}

async function octokitApp() {
  const { verify } = await import('@octokit/webhooks-methods')
  return rawApp(async (request, response) => {
    const signature = request.get(GITHUB.header) ?? ''
    answerVerified(request, response, await verify(GITHUB.secret, request.body.toString(), signature))
  })
}

/** Its `verify` parses the body too, and throws when the signature does not fit. */
function standardApp() {
  const { Webhook } = require('standardwebhooks')
  const webhook = new Webhook(STANDARD.secret)
  return rawApp((request, response) => {
    request.body = webhook.verify(request.body, request.headers)
    answer(request, response)
  })
}

/** The apps that callbacks are verified in by others. */
const VERIFYING_APPS = {
  'express-verify': byHandApp,
  'octokit-verify': octokitApp,
  'standard-verify': standardApp,
}

/**
 * @param {unknown} _request
 * @param {import('express').Response} response
 */
function answer(_request, response) {
  handled += 1
  response.status(200).end()
}

/**
 * @param {number} endpoints
 * @param {object} [listener]
 */
function createHooks(endpoints, listener = {}) {
  const { callbacks } = require(lib)
  const paths = Array.from({ length: endpoints }, (_, index) => (endpoints === 1 ? PATH : `${PATH}-${index}`))
  const path = paths.at(-1) ?? PATH
  const { scheme, secret } = SENDERS[variant] ?? {}
  const callback = scheme === undefined ? CALLBACK : { ...CALLBACK, verify: { scheme, secret } }
  const list = paths.map((each) => ({ ...callback, path: each }))
  const deliveries = isForgetful ? { deliveries: { keep: 0 } } : {}
  return { hooks: callbacks({ listener: { ...listener, callbacks: list }, ...deliveries }), path }
}

/** Keeps many waits open: the end of one begins the next, as the jobs of a busy app would. */
function keepWaiting(/** @type {any} */ hooks, /** @type {string} */ path) {
  let next = 0
  const begin = () => {
    hooks.wait(idOf(next++), { path, timeout: 600_000 }).then(onResult, () => undefined)
  }
  const onResult = (/** @type {any} */ result) => {
    if (result.width !== 1024 || result.seed !== 42) throw new Error(`a wrong result: ${JSON.stringify(result)}`)
    handled += 1
    begin()
  }
  while (next < OPEN_WAITS) begin()
}

/** @returns {Promise<{ port: number, path: string }>} */
async function start() {
  if (variant === 'listen') {
    const { hooks, path } = createHooks(1, { host: '127.0.0.1', port: await freePort() })
    keepWaiting(hooks, path)
    const { ports } = await hooks.listen()
    return { port: ports[0], path }
  }
  const { server, path } = await build()
  return { port: await listenOn(server), path }
}

/** @param {http.Server} server */
async function listenOn(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** A config cannot say "any free port". */
async function freePort() {
  const server = http.createServer()
  const port = await listenOn(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** @returns {Promise<{ server: http.Server, path: string }>} */
async function build() {
  if (variant === 'bare') return { server: bare(), path: PATH }
  if (variant === 'express') return { server: http.createServer(hostApp(undefined)), path: PATH }
  const verifyingApp = VERIFYING_APPS[variant]
  if (verifyingApp) return { server: http.createServer(await verifyingApp()), path: PATH }
  const { hooks, path } = createHooks(variant === 'endpoints' ? MANY : 1)
  keepWaiting(hooks, path)
  if (variant === 'use' || variant in SENDERS) return { server: http.createServer(hostApp(hooks)), path }
  const server = hooks.createServer(hostApp(undefined))
  return { server, path: variant === 'own-route' ? '/own' : path }
}

/** @type {Promise<{ port: number, path: string }>} */
let started

answerMessages(async () => {
  started ??= start()
  const { user, system } = process.cpuUsage()
  return { ...(await started), handled, cpuMs: (user + system) / 1000 }
})
