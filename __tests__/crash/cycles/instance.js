'use strict'

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const http = require('node:http')
const { join } = require('node:path')
const { createInterface } = require('node:readline')

const HOLD = join(__dirname, 'hold.cjs')
const APP = join(__dirname, '..', 'app.cjs')
/** What Node runs by default: the app of express-callbacks, which loads its libraries and waits. */
const COMMAND = ['--require', HOLD, APP]
const NOTHING = { status: undefined, body: undefined }

/**
 * An app as a process of its own.
 * @typedef {object} Instance
 * @property {() => boolean} isLive whether it takes requests: it is open, and was not ended
 * @property {Promise<void>} ready resolves when it takes requests, or is gone
 * @property {(path: string, body?: object) => Promise<{ status: number | undefined, body: any }>} ask no status: it was killed
 * @property {(signal: 'SIGKILL' | 'SIGTERM') => Promise<void>} end resolves when it is gone
 */

/**
 * Starts a process that has loaded everything, and opens its store when `go` is called.
 * @param {object} config
 * @param {(line: any, instance: Instance) => void} onLine called with what the app writes
 * @param {string[]} [command] the parameters of Node
 */
function warmUp(config, onLine, command = COMMAND) {
  const child = spawn(process.execPath, command, {
    env: { ...process.env, APP: JSON.stringify(config) },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => undefined)
  const gone = once(child, 'close')
  const agent = new http.Agent({ keepAlive: true })
  let port = 0
  let isEnded = false
  let open = () => {}
  const opened = new Promise((resolve) => void (open = () => resolve(undefined)))

  /** @type {Instance} */
  const instance = {
    isLive: () => port > 0 && !isEnded,
    ready: Promise.race([opened, gone]).then(() => undefined),
    ask: (path, body) => (isEnded ? Promise.resolve(NOTHING) : ask(agent, port, path, body)),
    async end(signal) {
      isEnded = true
      child.kill(signal)
      await gone
      agent.destroy()
    },
  }
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text)
    if (line.is === 'ready') {
      if (line.failed !== undefined) throw new Error(`An instance could not open its store: ${line.failed}`)
      port = line.port
      open()
    }
    onLine(line, instance)
  })
  return {
    instance,
    go: () => void child.stdin.write('.'),
  }
}

/**
 * @param {http.Agent} agent
 * @param {number} port
 * @param {string} path
 * @param {object} [body] what is posted
 * @returns {Promise<{ status: number | undefined, body: any }>}
 */
function ask(agent, port, path, body) {
  return new Promise((resolve) => {
    const failed = () => resolve(NOTHING)
    const options = {
      host: '127.0.0.1',
      port,
      path,
      agent,
      method: body ? 'POST' : 'GET',
      headers: { 'content-type': 'application/json' },
    }
    const request = http.request(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (more) => void (text += more))
      response.on('error', failed)
      response.on('end', () => {
        if (response.complete)
          resolve({ status: response.statusCode, body: text === '' ? undefined : JSON.parse(text) })
        else failed()
      })
    })
    request.on('error', failed)
    request.end(body && JSON.stringify(body))
  })
}

module.exports = { warmUp }
