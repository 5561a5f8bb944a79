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

const GITHUB = {
  scheme: 'github',
  header: 'x-hub-signature-256',
  prefix: 'sha256=',
  secret: 'the secret of the benchmark only',
}
const STANDARD = { scheme: 'standard-webhooks', secret: 'whsec_dGhlIHNlY3JldCBvZiB0aGUgYmVuY2htYXJr' }
const STANDARD_KEY = Buffer.from(STANDARD.secret.slice('whsec_'.length), 'base64')
const MESSAGE_ID = 'msg_2Lt6bPqXvN0c8YdRw3kZ'

/** How senders sign: by scheme, the header lines that go with a body. */
const SIGNED_HEADERS = {
  /** @param {string} body */
  github(body) {
    const { header, prefix, secret } = GITHUB
    return `${header}: ${prefix}${createHmac('sha256', secret).update(body).digest('hex')}\r\n`
  },
  /** @param {string} body */
  'standard-webhooks'(body) {
    const sentAt = Math.floor(Date.now() / 1000)
    const signature = createHmac('sha256', STANDARD_KEY).update(`${MESSAGE_ID}.${sentAt}.${body}`).digest('base64')
    return `webhook-id: ${MESSAGE_ID}\r\nwebhook-timestamp: ${sentAt}\r\nwebhook-signature: v1,${signature}\r\n`
  },
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

module.exports = { idOf, bodyAround, CALLBACK, PATH, GITHUB, STANDARD, SIGNED_HEADERS }
