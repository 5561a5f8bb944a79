'use strict'

// What server and client know of each other: the endpoints, their limits, and the secret of the genuine sender.

const { createHmac } = require('node:crypto')

/** The signed endpoint, the one that takes lists from anyone, and another such for what is large and never waited for. */
const SIGNED = '/signed'
const OPEN = '/open'
const LARGE = '/large'
const PATHS = [SIGNED, OPEN, LARGE]
const SECRET = 'the secret of the genuine sender'
const OLD_SECRET = 'the secret that is being rotated out'

const LIMITS = {
  bodyBytes: 64 * 1024,
  parkMs: 10_000,
  parkMax: 200,
  parkBytes: 2 * 1024 ** 2,
  concurrent: 1,
  queue: 2,
}

const LISTS = {
  bulk: true,
  identify_by: '${item.id}',
  status: '${item.status}',
  result: { id: '${item.id}', proof: '${item.proof}' },
}

const COMMON = { success_when: ['DONE'], fail_when: ['FAILED'] }

/** The config of the package. */
const CONFIG = {
  listener: {
    max_concurrent_count: LIMITS.concurrent,
    max_queue: LIMITS.queue,
    body_limit: `${LIMITS.bodyBytes}`,
    callbacks: [
      {
        ...COMMON,
        path: SIGNED,
        identify_by: '${body.id}',
        status: '${body.status}',
        result: { id: '${body.id}', proof: '${body.proof}' },
        // Room for a server's clock that is fast.
        verify: { scheme: 'slack', secret: [OLD_SECRET, SECRET], tolerance: '1h' },
      },
      { ...COMMON, ...LISTS, path: OPEN },
      { ...COMMON, ...LISTS, path: LARGE },
    ],
  },
  store: { park: { for: LIMITS.parkMs, max: LIMITS.parkMax, max_bytes: LIMITS.parkBytes } },
}

/** The names of the endpoints in stats. @type {Record<string, string>} */
const KEYS = Object.fromEntries(PATHS.map((path) => [path, `POST ${path}`]))

/**
 * The headers with which a sender signs a body, as Slack does.
 * @param {string | Buffer} body
 * @param {{ secret?: string, at?: number }} [how]
 */
function sign(body, { secret = SECRET, at = Date.now() / 1000 } = {}) {
  const seconds = Math.floor(at)
  const digest = createHmac('sha256', secret).update(`v0:${seconds}:`).update(body).digest('hex')
  return { 'x-slack-request-timestamp': String(seconds), 'x-slack-signature': `v0=${digest}` }
}

module.exports = { SIGNED, OPEN, LARGE, PATHS, LIMITS, CONFIG, KEYS, sign }
