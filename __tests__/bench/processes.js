'use strict'

const { execFile, fork } = require('node:child_process')
const { join, resolve: resolvePath } = require('node:path')
const { promisify } = require('node:util')

const run = promisify(execFile)
const ENVIRONMENT = { ...process.env, NODE_ENV: 'production' }
const LARGEST_OUTPUT = 1024 * 1024

/**
 * A process that answers messages, each with one message, in their order.
 * @typedef {object} Worker
 * @property {(message: object) => Promise<any>} ask
 * @property {() => Promise<void>} stop
 * @property {Promise<number | null>} ended the exit code; null when a signal ended it
 * @property {() => void} kill
 */

/**
 * Starts a file of `workers/`, or one with a whole path. What it writes to stderr is shown; an unexpected end rejects what was asked.
 * @param {string} file
 * @param {{ parameters?: string[], nodeOptions?: string[] }} [options]
 * @returns {Worker}
 */
function startWorker(file, { parameters = [], nodeOptions = [] } = {}) {
  const child = fork(resolvePath(__dirname, 'workers', file), parameters, { env: ENVIRONMENT, execArgv: nodeOptions })
  /** @type {{ resolve: (value: any) => void, reject: (error: Error) => void }[]} */
  const asked = []
  child.on('message', (/** @type {any} */ message) => {
    const question = asked.shift()
    if (message.error === undefined) question?.resolve(message)
    else question?.reject(new Error(`${file}: ${message.error}`))
  })
  const ended = new Promise((resolve) => child.once('exit', resolve)).then((code) => {
    for (const { reject } of asked.splice(0)) reject(new Error(`${file} ended with code ${code}`))
    return code
  })
  return {
    ask: (message) =>
      new Promise((resolve, reject) => {
        asked.push({ resolve, reject })
        child.send(message, (error) => error && reject(error))
      }),
    async stop() {
      if (child.connected) child.disconnect()
      await ended
    },
    ended,
    kill: () => void child.kill('SIGKILL'),
  }
}

/**
 * Runs a file of `workers/` to its end in a process of its own, and gives the JSON that it printed.
 * @param {string} file
 * @param {string[]} parameters
 * @param {string[]} [nodeOptions]
 * @returns {Promise<any>}
 */
async function runOnce(file, parameters, nodeOptions = []) {
  const command = [...nodeOptions, join(__dirname, 'workers', file), ...parameters]
  const { stdout } = await run(process.execPath, command, { env: ENVIRONMENT, maxBuffer: LARGEST_OUTPUT })
  return JSON.parse(stdout)
}

module.exports = { startWorker, runOnce }
