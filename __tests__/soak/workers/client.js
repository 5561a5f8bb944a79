'use strict'

// Sends everything at once, as fast as it is answered, and compares what became of it with what should have.

const { get } = require('node:http')
const { createInterface } = require('node:readline')
const { setTimeout: sleep } = require('node:timers/promises')
const { answerMessages } = require('../../bench/workers/answer')
const { bulkCallbacks, earlyCallback, signedCallbacks } = require('../genuine')
const { Connection, post } = require('../connection')
const hostile = require('../hostile')
const { Ledger } = require('../ledger')
const { SHAPES } = require('../shapes')
const { LONG_MS, Sender, World } = require('../sender')

const SENDERS = 48
const SLOW = 16
const HANGING = 16
const CHECK_MS = 1000
const FEWEST = 1500
const MOST_MORE_MS = 20_000
/** Beyond the longest wait. */
const MARGIN_MS = 3000

/** What senders do and how often. @type {[(sender: Sender) => Promise<unknown>, number][]} */
const MIX = [
  [signedCallbacks, 8],
  [bulkCallbacks, 8],
  [earlyCallback, 16],
  [hostile.forgedCallbacks, 10],
  [hostile.unansweredWait, 4],
  [hostile.uselessBodies, 4],
  [hostile.oversizedBodies, 3],
  [hostile.abortedRequests, 6],
  [hostile.flood, 8],
  [hostile.othersRequests, 4],
]
/** @type {typeof MIX} */
const FLOOD = [
  [hostile.flood, 2],
  [hostile.signedFlood, 3],
]

const ledger = new Ledger()
/** @type {World} */
let world
/** @type {import('node:http').ClientRequest | undefined} */
let results

/** @param {{ ports: [number, number], rate: number, seed: number }} options */
async function connect({ ports, rate, seed }) {
  world = new World(ledger, ports, rate, seed)
  await new Promise((resolve, reject) => {
    results = get({ port: ports[0], host: '127.0.0.1', path: '/results', agent: false }, (response) => {
      response.on('error', () => undefined)
      const lines = createInterface({ input: response })
      lines.on('line', (line) => ledger.result(line))
      lines.on('error', () => undefined)
      resolve(undefined)
    })
    results.on('error', reject)
  })
}

/** @param {{ seconds: number, isFlood: boolean }} options */
async function run({ seconds, isFlood }) {
  const before = ledger.requests
  const began = process.hrtime.bigint()
  world.stopped = false
  const mix = isFlood ? FLOOD : MIX
  const senders = Array.from({ length: SENDERS + (isFlood ? 0 : SLOW + HANGING) }, () => new Sender(world))
  const checking = setInterval(() => {
    for (const sender of senders) sender.check()
  }, CHECK_MS)
  const working = senders.map((sender, index) => work(sender, chooserFor(index, mix)))
  await sleep(seconds * 1000)
  // A machine that is busy with other things gets more time, so that all of it has happened.
  const end = Date.now() + MOST_MORE_MS
  while (Date.now() < end && !(isFlood ? isFull() : ledger.requests - before > FEWEST)) await sleep(50)
  world.stopped = true
  const lasted = Number(process.hrtime.bigint() - began) / 1e9
  const perSecond = (ledger.requests - before) / lasted
  for (const socket of world.endless) socket.destroy()
  await Promise.all(working)
  clearInterval(checking)
  for (const sender of senders) sender.close()
  return { perSecond }
}

/** Whether some of each flood were refused. */
function isFull() {
  return hostile.FLOODS.every((kind) => (ledger.answers[kind]?.['503 ERR_PARKING_FULL'] ?? 0) > 0)
}

/**
 * @param {number} index
 * @param {typeof MIX} mix
 */
function chooserFor(index, mix) {
  if (index >= SENDERS + SLOW) return () => hostile.hangingConnection
  if (index >= SENDERS) return () => hostile.slowUpload
  const total = mix.reduce((sum, [, weight]) => sum + weight, 0)
  return () => {
    let left = world.random() * total
    const [[last] = [hostile.flood]] = mix
    return mix.find(([, weight]) => (left -= weight) < 0)?.[0] ?? last
  }
}

/**
 * @param {Sender} sender
 * @param {() => (sender: Sender) => Promise<unknown>} choose
 */
async function work(sender, choose) {
  while (!world.stopped) await choose()(sender)
}

/** Until every wait has ended, at most a little longer than the longest lasts. */
async function settle() {
  const end = Date.now() + LONG_MS / world.rate + MARGIN_MS
  while (ledger.waiting > 0 && Date.now() < end) await sleep(20)
  return {}
}

/** Once nothing is parked any more, there is room again. */
async function knock() {
  const sender = new Sender(world)
  await hostile.unknownCallbacks(sender)
  sender.close()
}

/** Sends one body that is made to hold the event loop, and returns its answer. @param {{ port: number, name: string }} options */
async function shape({ port, name }) {
  const [type, body] = SHAPES[name]?.() ?? ['', '']
  const connection = new Connection(port)
  const answer = await connection.send(post('/shapes', body, { 'content-type': type }))
  connection.close()
  return { answer: answer.name }
}

function finish() {
  results?.destroy()
  const { sent, answers, endpoints, waits, counts, wrong, wrongs, requests } = ledger
  return { sent, answers, endpoints, waits, counts, wrong, wrongs, requests, lost: ledger.lost() }
}

/** What the parent may ask. @type {Record<string, (message: any) => unknown>} */
const OPERATIONS = { connect, run, settle, knock, shape, finish }

answerMessages((message) => OPERATIONS[message.op]?.(message))
