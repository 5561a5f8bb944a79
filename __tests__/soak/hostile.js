'use strict'

// What comes from those who are no genuine sender, and from connections that misbehave.

const { brotliCompressSync, constants, deflateSync, gzipSync } = require('node:zlib')
const { setTimeout: sleep } = require('node:timers/promises')
const { LARGE, LIMITS, OPEN, sign, SIGNED } = require('./config')
const { head, post } = require('./connection')
const { body, proofOf } = require('./genuine')
const { LONG_MS, SHORT_MS, signed } = require('./sender')

/** @typedef {import('./sender').Sender} Sender */

const DAY_S = 86_400
const BOMB = Buffer.alloc(20 * 1024 ** 2, ' ')
const BOMBS = [
  ['gzip', gzipSync(BOMB)],
  ['deflate', deflateSync(BOMB)],
  ['br', brotliCompressSync(BOMB, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })],
]
const CHUNK = `4000\r\n${'x'.repeat(0x4000)}\r\n`
const CHUNKS = 8
/** Just too deep, and as deep as the limit of the size allows. */
const DEPTH = 201
const DEEP = 10_000
const MANY = 700
const DRIP_MS = 200
const FLOOD = 8

/** A body as a forger would like it to be believed. @param {string} id */
function forgedBody(id) {
  return JSON.stringify({ id, status: 'DONE', proof: 'forged' })
}

/** Ways to forge a callback. @type {Record<string, (id: string) => Buffer>} */
const FORGERIES = {
  unsigned: (id) => post(SIGNED, forgedBody(id)),
  'wrong signature': (id) => {
    const { 'x-slack-signature': right, ...time } = sign(forgedBody(id))
    const last = right.endsWith('0') ? '1' : '0'
    return post(SIGNED, forgedBody(id), { ...time, 'x-slack-signature': right.slice(0, -1) + last })
  },
  'another secret': (id) => post(SIGNED, forgedBody(id), sign(forgedBody(id), { secret: 'a guess' })),
  'altered body': (id) => post(SIGNED, forgedBody(id), sign(body(id, 'DONE'))),
  'altered time': (id) => {
    const time = { 'x-slack-request-timestamp': String(Math.floor(Date.now() / 1000) - 1) }
    return post(SIGNED, forgedBody(id), { ...sign(forgedBody(id), { at: DAY_S }), ...time })
  },
  'stale time': (id) => post(SIGNED, body(id, 'DONE'), sign(body(id, 'DONE'), { at: Date.now() / 1000 - DAY_S })),
  'future time': (id) => post(SIGNED, body(id, 'DONE'), sign(body(id, 'DONE'), { at: Date.now() / 1000 + DAY_S })),
  'two signatures': (id) => {
    const right = sign(body(id, 'DONE'))['x-slack-signature']
    return post(SIGNED, forgedBody(id), { ...sign(forgedBody(id), { secret: 'a guess' }), 'X-Slack-Signature': right })
  },
}

/** A wait that is lied to in several ways; the genuine callback comes afterwards, or none. @param {Sender} sender */
async function forgedCallbacks(sender) {
  const { world } = sender
  const id = world.newId()
  const isAnswered = world.chance(0.5)
  const status = isAnswered ? 'DONE' : 'ERR_WAIT_TIMEOUT'
  world.ledger.expect(id, { ids: [id], status, ...(isAnswered && { proof: proofOf(id) }) })
  const path = world.chance(0.5) ? SIGNED : undefined
  await sender.wait([{ key: id, ids: [id], path, timeout: isAnswered ? LONG_MS : SHORT_MS }])
  for (let count = 0; count < 4; count += 1) {
    const how = world.pick(Object.keys(FORGERIES))
    await sender.send(`forged, ${how}`, SIGNED, FORGERIES[how](id))
  }
  await sender.send('forged, at the open endpoint', OPEN, post(OPEN, `[${forgedBody(id)}]`))
  if (isAnswered) await sender.deliver('valid', SIGNED, () => signed(body(id, 'DONE')))
}

/** A wait that nobody answers. @param {Sender} sender */
async function unansweredWait(sender) {
  const { world } = sender
  const id = world.newId()
  world.ledger.expect(id, { ids: [id], status: 'ERR_WAIT_TIMEOUT' })
  await sender.wait([{ key: id, ids: [id], path: world.pick([SIGNED, OPEN]), timeout: SHORT_MS }])
}

/** @param {Sender} sender */
async function uselessBodies(sender) {
  const { world } = sender
  const { counts } = world.ledger
  const path = world.pick([SIGNED, OPEN])
  const make = (/** @type {string | Buffer} */ text, headers = {}) =>
    path === SIGNED ? post(path, text, { ...sign(text), ...headers }) : post(path, text, headers)
  const broken = world.pick(['{"id":', ' ', '[{"id":1}', 'nonsense', Buffer.from([0x22, 0xff, 0xfe, 0x22])])
  await sender.send('malformed', path, make(broken))
  await sender.send('deep', path, make(world.pick(['[', '{"a":']).repeat(world.pick([DEPTH, DEEP]))))
  await sender.send('unknown encoding', path, make('{}', { 'content-encoding': world.pick(['snappy', 'gzip, zstd']) }))
  await sender.send('not packed', path, make('{}', { 'content-encoding': 'gzip' }))
  const answer = await sender.send('no id', SIGNED, signed('{"status":"DONE"}'))
  if (answer?.status === 200) counts.unidentified += 1
  await sender.send('id no text', SIGNED, signed('{"id":{"a":1},"status":"DONE"}'))
  await sender.send('no list', OPEN, post(OPEN, '"a"'))
  const bad = await sender.send('all items bad', OPEN, post(OPEN, '[{"id":{}},{"id":[]}]'))
  if (bad?.name === '400 ERR_ITEMS') counts.badItems += 2
}

/** More than the limit: declared, undeclared, and unpacked. @param {Sender} sender */
async function oversizedBodies(sender) {
  const path = sender.world.pick([SIGNED, OPEN])
  await sender.raw('oversized, declared', path, (socket) => {
    socket.write(head('POST', path, { 'content-length': '10000000' }))
    socket.write(Buffer.alloc(LIMITS.bodyBytes))
  })
  await sender.raw('oversized, chunked', path, (socket) => {
    socket.write(head('POST', path, { 'transfer-encoding': 'chunked' }))
    for (let count = 0; count < CHUNKS; count += 1) socket.write(CHUNK)
  })
  const [encoding, bytes] = sender.world.pick(BOMBS)
  const bomb = post(path, bytes, { 'content-encoding': String(encoding) })
  await sender.raw(`bomb, ${encoding}`, path, (socket) => void socket.write(bomb))
}

/** Requests that end in the middle of their headers or of their body. @param {Sender} sender */
async function abortedRequests(sender) {
  const path = sender.world.pick([SIGNED, OPEN])
  const request = post(path, body(sender.world.newId(), 'DONE'))
  const bodyStart = request.indexOf('\r\n\r\n') + 4
  const inHead = Math.floor(sender.world.random() * (bodyStart - 4))
  await sender.raw('aborted, in the head', undefined, (socket) => leaveAfter(socket, request.subarray(0, inHead)))
  const inBody = bodyStart + Math.floor(sender.world.random() * (request.length - bodyStart))
  await sender.raw('aborted, in the body', path, (socket) => leaveAfter(socket, request.subarray(0, inBody)))
}

/**
 * @param {import('node:net').Socket} socket
 * @param {Buffer} bytes
 */
function leaveAfter(socket, bytes) {
  socket.write(bytes, () => socket.destroy())
}

/** An upload that trickles until it is refused, or until the run ends. @param {Sender} sender */
async function slowUpload(sender) {
  const path = sender.world.pick([SIGNED, OPEN])
  const drip = (/** @type {import('node:net').Socket} */ socket) => {
    socket.write(head('POST', path, { 'content-length': '1000' }))
    const dripping = setInterval(() => socket.write('x'), DRIP_MS)
    socket.on('close', () => clearInterval(dripping))
  }
  await sender.raw('slow upload', path, drip, { isEndless: true })
}

/** A connection on which nothing comes, or half a head. @param {Sender} sender */
async function hangingConnection(sender) {
  const start = sender.world.pick(['', 'POST /signed HTTP/1.1\r\nhost: x\r\nx-half: '])
  await sender.raw('hanging connection', undefined, (socket) => void socket.write(start), { isEndless: true })
  // Whoever is refused comes back, but not at once.
  if (!sender.world.stopped) await sleep(DRIP_MS)
}

/** What a callback that nobody waits for holds beside its id. */
const FILLINGS = {
  'unknown, large': `,"note":"${'x'.repeat(30_000)}"`,
  // A few bytes of text each, twenty times as many in memory.
  'unknown, dense': `,"note":[${'{},'.repeat(10_000)}0]`,
}

/** The kinds that must be refused in the end. */
const FLOODS = ['unknown', 'unknown, signed', ...Object.keys(FILLINGS)]

/** Ids that nobody waits for, and never will. @param {Sender} sender */
async function flood(sender) {
  const { world } = sender
  const { counts } = world.ledger
  const make = (filling = '') => `[{"id":"${world.newId()}","status":"DONE"${filling}}]`
  for (let count = 0; count < FLOOD; count += 1) await sender.send('unknown', OPEN, post(OPEN, make()))
  const [kind, filling] = world.pick(Object.entries(FILLINGS))
  await sender.send(kind, LARGE, post(LARGE, make(filling)))
  if (!world.chance(0.1)) return
  const items = Array.from({ length: MANY }, () => `{"id":"${world.newId()}","status":"DONE"}`)
  const answer = await sender.send('unknown, many', OPEN, post(OPEN, `[${items.join(',')}]`))
  if (answer?.name === '503 ERR_PARKING_FULL') counts.refusedItems += MANY - 1
}

/** The same from a sender who knows the secret. @param {Sender} sender */
async function signedFlood(sender) {
  const { world } = sender
  for (let count = 0; count < FLOOD; count += 1) {
    await sender.send('unknown, signed', SIGNED, signed(JSON.stringify({ id: world.newId(), status: 'DONE' })))
  }
}

/** One of them at each endpoint. @param {Sender} sender */
async function unknownCallbacks(sender) {
  const item = `{"id":"${sender.world.newId()}","status":"DONE"${FILLINGS['unknown, large']}}`
  await sender.send('room again', SIGNED, signed(item))
  for (const path of [OPEN, LARGE]) await sender.send('room again', path, post(path, `[${item}]`))
}

/** What belongs to the host app. @param {Sender} sender */
async function othersRequests(sender) {
  await sender.send("the app's own", undefined, head('GET', '/own'))
  await sender.send('unknown path', undefined, post('/signed/more', '{}'))
}

module.exports = {
  FLOODS,
  abortedRequests,
  flood,
  forgedCallbacks,
  hangingConnection,
  othersRequests,
  oversizedBodies,
  signedFlood,
  slowUpload,
  unansweredWait,
  unknownCallbacks,
  uselessBodies,
}
