'use strict'

const { cpus } = require('node:os')
const { mb } = require('./checks')

const NAME_WIDTH = 34
const COUNT_WIDTH = 10

/**
 * Prints what was sent and found, or all of it as one JSON document.
 * @param {import('./options').Options} options
 * @param {any} figures
 * @param {{ name: string, ok: boolean, found: string }[]} checks
 */
function report({ json, seconds, rate, seed, plants }, figures, checks) {
  const machine = { node: process.version, cores: cpus().length, seconds, rate, seed, plants }
  if (json) {
    console.log(JSON.stringify({ ...machine, ...figures, checks }, null, 2))
    return
  }
  const { client, heap, delay, perSecond } = figures
  const { opened, done, failed, timedOut } = client.waits
  console.log(`Node ${machine.node}, ${machine.cores} cores, ${seconds} s of load, seed ${seed}`)
  console.log(`${line('requests', 'sent')} answers`)
  for (const [kind, count] of Object.entries(client.sent))
    console.log(`${line(kind, count)} ${answersOf(client, kind)}`)
  console.log(`${line('in all', client.requests)} ${Math.round(perSecond).toLocaleString('en-US')}/s`)
  console.log(`waits: ${opened} opened, ${done} succeeded, ${failed} failed, ${timedOut} timed out`)
  console.log(
    `heap: ${mb(heap.start)} at the start, ${mb(heap.peak)} at the peak, ${heap.flood.map(mb).join(' and ')} in the flood, ${mb(heap.end)} at the end`,
  )
  console.log(
    `event-loop delay: ${delay.maxMs.toFixed(0)} ms at most, ${delay.p99Ms.toFixed(1)} ms at the 99th percentile`,
  )
  for (const [name, { ms, answer }] of Object.entries(figures.shapes))
    console.log(`${line(name, `${ms.toFixed(0)} ms`)} ${answer}`)
  for (const { name, ok, found } of checks) console.log(ok ? `ok      ${name}` : `NOT OK  ${name}: ${found}`)
}

/**
 * @param {any} client
 * @param {string} kind
 */
function answersOf({ answers }, kind) {
  return Object.entries(answers[kind] ?? {})
    .map(([name, count]) => `${count} x ${name}`)
    .join(', ')
}

/**
 * @param {string} name
 * @param {string | number} count
 */
function line(name, count) {
  return `${name.padEnd(NAME_WIDTH)} ${String(count).padStart(COUNT_WIDTH)}`
}

module.exports = { report }
