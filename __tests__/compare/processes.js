'use strict'

const { warmUp } = require('../crash/cycles/instance')

/** @typedef {import('../crash/cycles/instance').Instance} Instance */

/**
 * Keeps one process of a contender, and another one that has loaded everything and is the next one.
 * @param {object} config what the process is told
 * @param {string[]} [command] the parameters of Node; default: the app of express-callbacks
 */
function createProcesses(config, command) {
  const warm = () => warmUp(config, () => undefined, command)
  let next = warm()
  /** @type {Instance | undefined} */
  let current

  return {
    /** The process that takes requests now. */
    live: () => (current?.isLive() ? current : undefined),
    /** Lets the next one open. Resolves with what resolves when it is open. */
    start() {
      const { instance, go } = next
      next = warm()
      current = instance
      go()
      return instance.ready
    },
    kill: async () => current?.end('SIGKILL'),
    async close() {
      await current?.end('SIGKILL')
      await next.instance.end('SIGKILL')
    },
  }
}

module.exports = { createProcesses }
