'use strict'

// The callback that the HTTP rows send: 200 bytes of JSON whose ids all have the same length.

const { createHmac } = require('node:crypto')

const ID_DIGITS = 12
const BODY_BYTES = 200
const PATH = '/webhooks/done'

/** @param {number} number */
function idOf(number) {
  return `task-${String(number).padStart(ID_DIGITS, '0')}`
}

/**
 * What stands before and behind the id in a body of 200 bytes.
 */
function bodyAround() {
  const image = { url: 'https://cdn.example.com/o/7f3a.png', width: 1024, height: 768, seed: 42 }
  const make = (/** @type {string} */ note) =>
    JSON.stringify({ taskId: idOf(0), status: 'COMPLETED', result: { image }, note })
  const text = make('x'.repeat(BODY_BYTES - make('').length))
  const start = text.indexOf(idOf(0))
  return { before: text.slice(0, start), behind: text.slice(start + idOf(0).length), bytes: text.length }
}

/** How the sender signs, as GitHub does. */
const SIGNATURE = {
  header: 'x-hub-signature-256',
  prefix: 'sha256=',
  secret: 'the secret of the benchmark only',
}

/**
 * The signature header's value for a body.
 * @param {string} body
 */
function sign(body) {
  return SIGNATURE.prefix + createHmac('sha256', SIGNATURE.secret).update(body).digest('hex')
}

/** What the callback of the config says about such a body. */
const CALLBACK = {
  identify_by: '${body.taskId}',
  status: '${body.status}',
  success_when: ['COMPLETED'],
  fail_when: ['FAILED'],
  result: {
    url: '${body.result.image.url}',
    width: '${body.result.image.width}',
    height: '${body.result.image.height}',
    seed: '${body.result.image.seed}',
  },
}

module.exports = { idOf, bodyAround, sign, CALLBACK, PATH, SIGNATURE }
