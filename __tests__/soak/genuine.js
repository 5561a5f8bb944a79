'use strict'

// What a genuine sender does: callbacks for waits, once and more often, early, and from connections that end too soon.

const { createHash } = require('node:crypto')
const { setTimeout: sleep } = require('node:timers/promises')
const { gzipSync } = require('node:zlib')
const { LIMITS, OPEN, SIGNED } = require('./config')
const { post } = require('./connection')
const { LONG_MS, signed } = require('./sender')

/** @typedef {import('./sender').Sender} Sender */

const BATCH = 8
const PROOF_DIGITS = 16

/** What nobody but the genuine sender can say of an id. @param {string} id */
function proofOf(id) {
  return createHash('sha256').update(`only the genuine sender knows ${id}`).digest('hex').slice(0, PROOF_DIGITS)
}

/**
 * @param {string} id
 * @param {string} status
 */
function body(id, status) {
  return JSON.stringify({ id, status, proof: proofOf(id), note: 'x'.repeat(80) })
}

/**
 * Opens waits that the genuine sender will end, some under two ids, some for the same id twice.
 * @param {Sender} sender
 * @param {string} path
 */
async function openWaits(sender, path) {
  const { world } = sender
  const tasks = Array.from({ length: BATCH }, () => {
    const id = world.newId()
    const ids = world.chance(0.2) ? [world.newId(), id] : [id]
    return { id, ids, status: world.chance(0.85) ? 'DONE' : 'FAILED' }
  })
  const waits = tasks.flatMap(({ id, ids, status }) => {
    // Without a path a wait is ended by the endpoints that verify, and no other.
    const where = path === SIGNED && world.chance(0.3) ? {} : { path }
    const keys = world.chance(0.1) ? [id, `${id}-twice`] : [id]
    return keys.map((key) => {
      world.ledger.expect(key, { ids, status, proof: proofOf(id) })
      return { key, ids, ...where, timeout: LONG_MS }
    })
  })
  await sender.wait(waits)
  return tasks
}

/** @param {Sender} sender */
async function signedCallbacks(sender) {
  const { world } = sender
  for (const { id, status } of await openWaits(sender, SIGNED)) {
    const make = () => signed(body(id, status))
    if (world.chance(0.1)) await sender.deliver('pending', SIGNED, () => signed(body(id, 'RUNNING')))
    if (world.chance(0.05)) await hangUp(sender, make())
    const both = [sender.deliver('valid', SIGNED, make)]
    if (world.chance(0.2)) both.push(duplicate(sender, SIGNED, make))
    await Promise.all(both)
    if (world.chance(0.2)) await duplicate(sender, SIGNED, make)
  }
}

/**
 * The same callback from the other connection, to the other server.
 * @param {Sender} sender
 * @param {string} path
 * @param {() => Buffer} make
 */
async function duplicate(sender, path, make) {
  const answer = await sender.deliver('duplicate', path, make, sender.other)
  if (answer) sender.world.ledger.counts.duplicates += 1
  return answer
}

/**
 * Sends all of a callback and leaves before the answer, so that it has to be sent again.
 * @param {Sender} sender
 * @param {Buffer} request
 */
async function hangUp(sender, request) {
  sender.world.ledger.counts.hangups += 1
  await sender.raw('hang-up', undefined, (socket) => void socket.write(request, () => socket.destroy()))
}

/** A list of callbacks, with some in it that are no use. @param {Sender} sender */
async function bulkCallbacks(sender) {
  const { world } = sender
  const { counts } = world.ledger
  const tasks = await openWaits(sender, OPEN)
  const items = tasks.map(({ id, status }) => body(id, status))
  const isPacked = world.chance(0.2)
  const [first = ''] = items
  const [{ id } = { id: '' }] = tasks
  const extra = { bad: world.chance(0.2), none: world.chance(0.2), again: world.chance(0.2), news: world.chance(0.2) }
  if (extra.bad) items.push('{"id":{"no":"id"}}')
  if (extra.none) items.push('{"status":"DONE"}')
  if (extra.again) items.push(first)
  if (extra.news) items.unshift(body(id, 'RUNNING'))
  const list = `[${items.join(',')}]`
  const make = () =>
    isPacked ? post(OPEN, gzipSync(list, { level: 1 }), { 'content-encoding': 'gzip' }) : post(OPEN, list)
  const answer = await sender.deliver(isPacked ? 'bulk, packed' : 'bulk', OPEN, make)
  if (answer?.status !== 200) return
  if (extra.bad) counts.badItems += 1
  if (extra.none) counts.unidentified += 1
  if (extra.again) counts.duplicates += 1
  if (extra.news) counts.pending += 1
}

/** A callback that comes before anybody waits; refused where too many came early, it is sent again. @param {Sender} sender */
async function earlyCallback(sender) {
  const { world } = sender
  const path = world.chance(0.7) ? SIGNED : OPEN
  const id = world.newId()
  const make = () => (path === SIGNED ? signed(body(id, 'DONE')) : post(OPEN, `[${body(id, 'DONE')}]`))
  const sentAt = Date.now()
  const answer = await sender.send('early', path, make())
  if (world.chance(0.5)) await sleep(50 * world.random())
  world.ledger.expect(id, { ids: [id], status: 'DONE', proof: proofOf(id) })
  await sender.wait([{ key: id, ids: [id], path, timeout: LONG_MS }])
  if (answer?.status !== 200) await sender.deliver('early, again', path, make)
  else if ((Date.now() - sentAt) * world.rate > LIMITS.parkMs) world.ledger.excuse(id)
  else world.ledger.counts.early += 1
}

module.exports = { signedCallbacks, bulkCallbacks, earlyCallback, body, proofOf }
