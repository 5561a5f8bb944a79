'use strict'

// Where the store of a row lives: in a temporary folder, or on a server of the bench's own.

const { mkdtempSync, rmSync, statSync } = require('node:fs')
const { randomUUID } = require('node:crypto')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { startServer } = require('./servers')

/**
 * Where a store lives during a row.
 * @typedef {object} Place
 * @property {object} spec the `store` of the config
 * @property {() => object} another the `store` of another app, at the same place
 * @property {() => Promise<{ bytes: number, commands: number }>} [inspect] asks its server
 * @property {() => Promise<void>} end
 */

/**
 * Runs a row with a store of that name, or says what is missing.
 * @param {string} name
 * @param {string} what
 * @param {(place: Place) => Promise<import('./report').Result[]>} measure
 */
async function withPlace(name, what, measure) {
  const place = await openPlace(name)
  if ('missing' in place)
    return [{ name: what, ours: '', baseline: 'not installed', note: `this row needs: ${place.missing}` }]
  try {
    return await measure(place)
  } finally {
    await place.end()
  }
}

/**
 * @param {string} name
 * @returns {Promise<Place | { missing: string }>}
 */
async function openPlace(name) {
  const [type = '', sync] = name.split('-')
  if (type === 'file') {
    const path = mkdtempSync(join(tmpdir(), 'bench-store-'))
    return {
      spec: { type, path, sync },
      another: () => ({ type, path: join(path, 'another'), sync }),
      inspect: async () => ({ bytes: statSync(join(path, 'journal')).size, commands: 0 }),
      end: async () => rmSync(path, { recursive: true, force: true }),
    }
  }
  const server = await startServer(type === 'redis' ? 'redis' : 'postgres')
  if ('missing' in server) return server
  const { url, inspect, stop } = server
  const another = () => ({ type, url, prefix: `bench-${randomUUID()}` })
  return { spec: another(), another, inspect, end: stop }
}

module.exports = { withPlace }
