'use strict'

const { randomUUID } = require('node:crypto')
const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { startServer } = require('../bench/servers')

/**
 * Runs some work with a place of its own: a folder, or a server that is started for it. Throws when a server is missing.
 * @template T
 * @param {import('./contenders').Row['place']} type
 * @param {(setting: { url?: string, store: object }) => Promise<T>} work
 */
async function withPlace(type, work) {
  if (type === 'memory') return work({ store: { type } })
  if (type === 'file') {
    const path = mkdtempSync(join(tmpdir(), 'express-callbacks-compare-'))
    try {
      return await work({ store: { type, path } })
    } finally {
      rmSync(path, { recursive: true, force: true })
    }
  }
  const server = await startServer(type)
  if ('missing' in server) throw new Error(`needs ${server.missing}`)
  const { url, stop } = server
  try {
    return await work({ url, store: { type, url, prefix: `compare-${randomUUID()}` } })
  } finally {
    await stop()
  }
}

module.exports = { withPlace }
