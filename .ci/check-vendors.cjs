'use strict'
// Checks the vectors of __tests__/fixtures/vendors.json with the packages of the vendors themselves: each accepts its request, and
// refuses it with a bit changed in any byte of the body. They are no dependencies of this package, since they are large:
//   node .ci/check-vendors.cjs --list           prints what to install in a folder, with npm install --ignore-scripts
//   node .ci/check-vendors.cjs FOLDER           checks with the packages in FOLDER/node_modules
const { createRequire } = require('node:module')
const { join, resolve } = require('node:path')
const { pathToFileURL } = require('node:url')
const vectors = require('../__tests__/fixtures/vendors.json')

const [folder] = process.argv.slice(2)
const sdk = createRequire(join(resolve(folder ?? '.'), 'x.js'))
const named = (name) => sdk(name).default ?? sdk(name)
const modern = (path) => import(pathToFileURL(join(resolve(folder ?? '.'), 'node_modules', path)).href)

/** How each package verifies: it throws, or returns false, for what it refuses. What it throws behind a good signature is no refusal. */
const CHECKS = {
  openai: (key, raw, headers) => new (named('openai'))({ apiKey: 'x' }).webhooks.verifySignature(raw, headers, key),
  shopify(key, raw, headers) {
    sdk('@shopify/shopify-api/adapters/node')
    const more = { 'x-shopify-topic': 't', 'x-shopify-shop-domain': 'a.myshopify.com', 'x-shopify-webhook-id': '1' }
    const rawRequest = {
      method: 'POST',
      url: '/',
      headers: { ...headers, ...more, 'x-shopify-api-version': '2025-01' },
    }
    const app = { apiKey: 'k', apiSecretKey: key, scopes: [], hostName: 'a.example', apiVersion: '2025-01' }
    const { webhooks } = sdk('@shopify/shopify-api').shopifyApi({ ...app, isEmbeddedApp: false, logger: { level: 0 } })
    return webhooks.validate({ rawBody: raw, rawRequest, rawResponse: {} }).then(({ valid }) => valid)
  },
  notion: (verificationToken, body, headers) =>
    sdk('@notionhq/client').verifyWebhookSignature({
      body,
      signature: headers['x-notion-signature'],
      verificationToken,
    }),
  onfido: (key, raw, headers) =>
    new (sdk('@onfido/api').WebhookEventVerifier)(key).readPayload(raw, headers['x-sha2-signature']),
  'modern-treasury': (key, raw, headers) =>
    new (named('modern-treasury'))({ apiKey: 'x', organizationID: 'x' }).webhooks.validateSignature(raw, headers, {
      key,
    }),
  pusher: (secret, rawBody, headers) =>
    new (sdk('pusher'))({ appId: '1', key: 'k', secret })
      .webhook({ rawBody, headers: { ...headers, 'x-pusher-key': 'k', 'content-type': 'application/json' } })
      .isValid(),
  gocardless: (key, raw, headers) =>
    sdk('gocardless-nodejs/webhooks').verifySignature(raw, key, headers['webhook-signature']),
  'coinbase-commerce': (key, raw, headers) =>
    sdk('coinbase-commerce-node').Webhook.verifySigHeader(raw, headers['x-cc-webhook-signature'], key),
  getstream: (key, raw, headers) =>
    new (sdk('stream-chat').StreamChat)('k', key).verifyWebhook(raw, headers['x-signature']),
  mailersend: (key, raw, headers) =>
    sdk('./node_modules/mailersend/lib/services/mailersend.utils.js').MailerSendUtils.verifyWebHook(
      raw,
      headers.signature,
      key,
    ),
  viber: (key, raw, headers) =>
    new (sdk('viber-bot/lib/message/message-validator.js'))({ debug() {} }, key).validateMessage(
      headers['x-viber-content-signature'],
      raw,
    ),
  nango: async (key, raw, headers) => {
    const { Nango } = await modern('@nangohq/node/dist/index.js')
    return new Nango({ secretKey: key, webhookSigningKey: key }).verifyIncomingWebhookRequest(raw, headers)
  },
  linear: async (key, raw, headers) => {
    const { LinearWebhookClient } = await modern('@linear/sdk/dist/webhooks/index.mjs')
    return new LinearWebhookClient(key).verify(Buffer.from(raw), headers['linear-signature'])
  },
  elevenlabs: (key, raw, headers) =>
    new (sdk('@elevenlabs/elevenlabs-js').ElevenLabsClient)({ apiKey: 'x' }).webhooks.constructEvent(
      raw,
      headers['elevenlabs-signature'],
      key,
    ),
  retell: (key, raw, headers) => sdk('retell-sdk/lib/webhook_auth.js').verify(raw, key, headers['x-retell-signature']),
  workos: (secret, raw, headers) =>
    new (sdk('@workos-inc/node').WorkOS)('x').webhooks.verifyHeader({
      payload: JSON.parse(raw),
      sigHeader: headers['workos-signature'],
      secret,
    }),
  webflow: (secret, body, headers) =>
    new (sdk('webflow-api').WebflowClient)({ accessToken: 'x' }).webhooks.verifySignature({ headers, body, secret }),
  box: (key, raw, headers) => {
    const more = { 'box-signature-version': '1', 'box-signature-algorithm': 'HmacSHA256' }
    const none = Buffer.alloc(32).toString('base64')
    const both = { 'box-signature-primary': none, 'box-signature-secondary': none, ...more, ...headers }
    return sdk('box-node-sdk').validateWebhookMessage(raw, both, key, key)
  },
  telnyx: (key, raw, headers) => new (sdk('telnyx/lib/webhooks.js').TelnyxWebhook)(key).verify(raw, headers),
  resend: (webhookSecret, payload, headers) => {
    const { 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': signature } = headers
    const webhook = { payload, headers: { id, timestamp, signature }, webhookSecret }
    return new (sdk('resend').Resend)('re_1').webhooks.verify(webhook)
  },
  clerk: (signingSecret, body, headers) =>
    sdk('@clerk/backend/webhooks').verifyWebhook(new Request('https://a.example', { method: 'POST', body, headers }), {
      signingSecret,
    }),
  polar(key, raw, headers) {
    try {
      return sdk('@polar-sh/sdk/webhooks').validateEvent(raw, headers, key)
    } catch (error) {
      return error.constructor.name !== 'WebhookVerificationError'
    }
  },
  'dodo-payments': (key, raw, headers) =>
    new (named('dodopayments'))({ bearerToken: 'x' }).webhooks.unwrap(raw, { headers, key }),
  lithic: (key, raw, headers) => new (named('lithic'))({ apiKey: 'x' }).webhooks.verifySignature(raw, headers, key),
  liveblocks: (key, rawBody, headers) =>
    new (sdk('@liveblocks/node').WebhookHandler)(key).verifyRequest({ headers, rawBody }),
  finch: (key, raw, headers) =>
    new (named('@tryfinch/finch-api'))({ accessToken: 'x' }).webhooks.verifySignature(raw, headers, key),
  recall: (key, raw, headers) => new (sdk('svix').Webhook)(key).verify(raw, headers),
}

const held = vectors.filter(({ provider, valid }) => valid && Object.hasOwn(CHECKS, provider))

/** The packages as npm takes them, each with its version. */
const packages = [...new Set(held.map(({ source }) => /^npm (\S+):/.exec(source)[1]))]

async function accepts({ provider, secret, headers }, raw) {
  try {
    return (await CHECKS[provider](secret, raw, headers)) !== false
  } catch (error) {
    return error instanceof SyntaxError
  }
}

/** The package of WorkOS is given the parsed body. */
function isAnother({ provider, rawBody }, raw) {
  if (provider !== 'workos') return true
  try {
    return JSON.stringify(JSON.parse(raw)) !== rawBody
  } catch {
    return false
  }
}

async function check(vector) {
  const bytes = Buffer.from(vector.rawBody)
  if (!(await accepts(vector, vector.rawBody))) return 'REFUSED'
  for (const [index, byte] of bytes.entries()) {
    const changed = Buffer.from(bytes)
    changed[index] = byte ^ 1
    const raw = changed.toString()
    if (isAnother(vector, raw) && (await accepts(vector, raw))) return `ACCEPTED with byte ${index} changed`
  }
  return 'ok'
}

async function main() {
  if (folder === undefined || folder === '--list') {
    console.log(packages.join(' '))
    return
  }
  const RealDate = Date
  const found = []
  for (const vector of held) {
    const now = (vector.now ?? 0) * 1000
    globalThis.Date = class extends RealDate {
      constructor(...given) {
        super(...(given.length > 0 ? given : [now]))
      }
      static now() {
        return now
      }
    }
    const answer = await check(vector)
    found.push(answer)
    console.log(`${answer}: ${vector.id}, ${vector.source}`)
  }
  process.exitCode = found.every((answer) => answer === 'ok') ? 0 : 1
}

void main()
