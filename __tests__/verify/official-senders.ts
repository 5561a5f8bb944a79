import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { parse } from 'node:querystring'
import { inOctokit } from './octokit'
import { NOW_S, type Sent } from './use-verify'

/** A sender as its own package has it. Text is what a header or a body holds, as UTF-8. */
export interface OfficialSender {
  readonly name: string
  /** `verify` of the endpoint that it calls. */
  readonly verify: { readonly scheme: string; readonly secret: string }
  /** The header that holds the signature. */
  readonly signature: string
  /** The header that holds the time, where one is signed; the signature's own where it stands in it. */
  readonly timestamp?: string
  /** How old or young a signature may be, in seconds. */
  readonly tolerance?: number
  /** Whether the package refuses what is too young, too; most check one direction alone, some none. */
  readonly refusesFuture?: true
  readonly refusesPast?: true
  /** Whether the package has no signature for an empty body. */
  readonly signsNoEmpty?: true
  /** Whether bodies are forms. */
  readonly isForm?: true
  /** How many of its checks a test can afford; all when left out. */
  readonly affords?: number
  /** What the package says, or its page where it only verifies. */
  readonly sign: (raw: string, timestamp: number) => Sent | Promise<Sent>
  readonly accepts: (sent: Sent) => unknown
}

type Strings = Readonly<Record<string, string>>

const SECRET = "It's a Secret to Everybody"
const STANDARD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const URL_OF_TWILIO = 'https://example.com/done?callback_id=a%20b'

const ed25519 = generateKeyPairSync('ed25519')
const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const discordKey = ed25519.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex')
const sendgridKey = ecdsa.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')

// The packages are typed by the shape that is called: their own types need a browser's, or are none.
const stripe: {
  readonly webhooks: {
    generateTestHeaderString(options: { payload: string; secret: string; timestamp: number }): string
    readonly signature: {
      verifyHeader(
        raw: string,
        header: string,
        secret: string,
        tolerance: number,
        provider: undefined,
        at: number,
      ): boolean
    }
  }
} = require('stripe')
const { Mux }: { readonly Mux: new (options: object) => { readonly webhooks: MuxWebhooks } } = require('@mux/mux-node')
const {
  Paddle,
}: { readonly Paddle: new (key: string) => { readonly webhooks: PaddleWebhooks } } = require('@paddle/paddle-node-sdk')
const sanity: {
  encodeSignatureHeader(raw: string, timestamp: number, secret: string): Promise<string>
  isValidSignature(raw: string, header: string, secret: string): Promise<boolean>
} = require('@sanity/webhook')
const standard: { readonly Webhook: StandardWebhook } = require('standardwebhooks')
const svix: { readonly Webhook: StandardWebhook } = require('svix')
const razorpay: {
  validateWebhookSignature(raw: string, signature: string, secret: string): boolean
} = require('razorpay')
const discord: {
  verifyKey(raw: string, signature: string, timestamp: string, key: string): Promise<boolean>
} = require('discord-interactions')
const sendgrid: { readonly EventWebhook: new () => SendgridWebhook } = require('@sendgrid/eventwebhook')
const twilio: {
  getExpectedTwilioSignature(secret: string, url: string, parameters: object): string
  validateRequest(secret: string, signature: string, url: string, parameters: object): boolean
  validateRequestWithBody(secret: string, signature: string, url: string, raw: string): boolean
} = require('twilio')

interface MuxWebhooks {
  verifySignature(raw: string, headers: Strings, secret: string): Promise<void>
}

interface PaddleWebhooks {
  isSignatureValid(raw: string, secret: string, header: string): Promise<boolean>
}

interface SendgridWebhook {
  convertPublicKeyToECDSA(key: string): unknown
  verifySignature(key: unknown, raw: string, signature: string, timestamp: string): boolean
}

type StandardWebhook = new (secret: string) => {
  sign(id: string, timestamp: Date, raw: string): string
  verify(raw: string, headers: Strings): unknown
}

function hmac(content: string, encoding: 'hex' | 'base64' = 'hex'): string {
  return createHmac('sha256', SECRET).update(content).digest(encoding)
}

/** The body as text and the headers, as a package wants them. */
function textsOf({ raw = '', headers = {} }: Sent): readonly [string, Strings] {
  return [raw.toString(), headers as Strings]
}

/** The package looks for lists by `instanceof`, and those of Node are of another world than a test's. */
function parseForm(raw: string): object {
  const lists = Object.entries(parse(raw)).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value])
  return Object.fromEntries(lists)
}

/** Both packages parse what they have verified: only what they throw before is a refusal. */
function standardSender(name: 'standard-webhooks' | 'svix', prefix: string, { Webhook }: { Webhook: StandardWebhook }) {
  const webhook = new Webhook(STANDARD_SECRET)
  return {
    name,
    verify: { scheme: name, secret: STANDARD_SECRET },
    signature: `${prefix}-signature`,
    timestamp: `${prefix}-timestamp`,
    tolerance: 300,
    refusesPast: true,
    refusesFuture: true,
    sign: (raw, timestamp) => ({
      raw,
      headers: {
        [`${prefix}-id`]: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        [`${prefix}-timestamp`]: String(timestamp),
        [`${prefix}-signature`]: webhook.sign('msg_p5jXN8AQM9LWM0D4loKWxJek', new Date(timestamp * 1000), raw),
      },
    }),
    accepts(sent) {
      try {
        webhook.verify(...textsOf(sent))
        return true
      } catch (error) {
        return error instanceof SyntaxError
      }
    },
  } as const satisfies OfficialSender
}

const mux = new Mux({ tokenId: 'none', tokenSecret: 'none' }).webhooks
const paddle = new Paddle('none').webhooks
const sendgridWebhook = new sendgrid.EventWebhook()
const sendgridEcdsa = sendgridWebhook.convertPublicKeyToECDSA(sendgridKey)

/** The senders whose packages are at hand. */
export const OFFICIAL_SENDERS: readonly OfficialSender[] = [
  {
    name: '@octokit/webhooks-methods',
    verify: { scheme: 'github', secret: SECRET },
    signature: 'x-hub-signature-256',
    signsNoEmpty: true,
    async sign(raw) {
      return { raw, headers: { 'x-hub-signature-256': await inOctokit('sign', [SECRET, raw]) } }
    },
    accepts: (sent) => inOctokit('verify', [SECRET, textsOf(sent)[0], textsOf(sent)[1]['x-hub-signature-256']]),
  },
  {
    name: 'stripe',
    verify: { scheme: 'stripe', secret: SECRET },
    signature: 'stripe-signature',
    timestamp: 'stripe-signature',
    tolerance: 300,
    refusesPast: true,
    signsNoEmpty: true,
    sign: (payload, timestamp) => ({
      raw: payload,
      headers: {
        'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET, timestamp }),
      },
    }),
    accepts: (sent) => {
      const [raw, headers] = textsOf(sent)
      const header = headers['stripe-signature'] ?? ''
      return stripe.webhooks.signature.verifyHeader(raw, header, SECRET, 300, undefined, NOW_S * 1000)
    },
  },
  standardSender('standard-webhooks', 'webhook', standard),
  standardSender('svix', 'svix', svix),
  {
    name: '@mux/mux-node',
    verify: { scheme: 'mux', secret: SECRET },
    signature: 'mux-signature',
    timestamp: 'mux-signature',
    tolerance: 300,
    refusesPast: true,
    sign: (raw, timestamp) => ({
      raw,
      headers: { 'mux-signature': `t=${timestamp},v1=${hmac(`${timestamp}.${raw}`)}` },
    }),
    accepts: async (sent) => {
      await mux.verifySignature(...textsOf(sent), SECRET)
      return true
    },
  },
  {
    name: '@paddle/paddle-node-sdk',
    verify: { scheme: 'paddle', secret: SECRET },
    signature: 'paddle-signature',
    timestamp: 'paddle-signature',
    tolerance: 5,
    refusesPast: true,
    sign: (raw, timestamp) => ({
      raw,
      headers: { 'paddle-signature': `ts=${timestamp};h1=${hmac(`${timestamp}:${raw}`)}` },
    }),
    accepts: (sent) => {
      const [raw, headers] = textsOf(sent)
      return paddle.isSignatureValid(raw, SECRET, headers['paddle-signature'] ?? '')
    },
  },
  {
    name: '@sanity/webhook',
    verify: { scheme: 'sanity', secret: SECRET },
    signature: 'sanity-webhook-signature',
    timestamp: 'sanity-webhook-signature',
    tolerance: 300,
    signsNoEmpty: true,
    sign: async (raw, timestamp) => ({
      raw,
      headers: { 'sanity-webhook-signature': await sanity.encodeSignatureHeader(raw, timestamp * 1000, SECRET) },
    }),
    accepts: (sent) => {
      const [raw, headers] = textsOf(sent)
      return sanity.isValidSignature(raw, headers['sanity-webhook-signature'] ?? '', SECRET)
    },
  },
  {
    name: 'razorpay',
    verify: { scheme: 'razorpay', secret: SECRET },
    signature: 'x-razorpay-signature',
    sign: (raw) => ({ raw, headers: { 'x-razorpay-signature': hmac(raw) } }),
    accepts: (sent) => {
      const [raw, headers] = textsOf(sent)
      return razorpay.validateWebhookSignature(raw, headers['x-razorpay-signature'] ?? '', SECRET)
    },
  },
  {
    name: 'discord-interactions',
    verify: { scheme: 'discord', secret: discordKey },
    signature: 'x-signature-ed25519',
    timestamp: 'x-signature-timestamp',
    tolerance: 300,
    sign: (raw, timestamp) => ({
      raw,
      headers: {
        'x-signature-ed25519': sign(null, Buffer.from(timestamp + raw), ed25519.privateKey).toString('hex'),
        'x-signature-timestamp': String(timestamp),
      },
    }),
    accepts: (sent) => {
      const [raw, headers] = textsOf(sent)
      const { 'x-signature-ed25519': signature = '', 'x-signature-timestamp': timestamp = '' } = headers
      return discord.verifyKey(raw, signature, timestamp, discordKey)
    },
  },
  {
    name: '@sendgrid/eventwebhook',
    verify: { scheme: 'sendgrid', secret: sendgridKey },
    signature: 'x-twilio-email-event-webhook-signature',
    timestamp: 'x-twilio-email-event-webhook-timestamp',
    tolerance: 300,
    affords: 20,
    sign: (raw, timestamp) => ({
      raw,
      headers: {
        'x-twilio-email-event-webhook-signature': sign(
          'sha256',
          Buffer.from(timestamp + raw),
          ecdsa.privateKey,
        ).toString('base64'),
        'x-twilio-email-event-webhook-timestamp': String(timestamp),
      },
    }),
    accepts: (sent) => {
      const [raw, headers] = textsOf(sent)
      const signature = headers['x-twilio-email-event-webhook-signature'] ?? ''
      const timestamp = headers['x-twilio-email-event-webhook-timestamp'] ?? ''
      return sendgridWebhook.verifySignature(sendgridEcdsa, raw, signature, timestamp)
    },
  },
  {
    name: 'twilio, a form',
    verify: { scheme: 'twilio', secret: SECRET },
    signature: 'x-twilio-signature',
    isForm: true,
    sign: (raw) => ({
      raw,
      url: URL_OF_TWILIO.slice('https://example.com'.length),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': twilio.getExpectedTwilioSignature(SECRET, URL_OF_TWILIO, parseForm(raw)),
      },
    }),
    accepts: (sent) => {
      const [raw, headers] = textsOf(sent)
      return twilio.validateRequest(SECRET, headers['x-twilio-signature'] ?? '', URL_OF_TWILIO, parseForm(raw))
    },
  },
  {
    name: 'twilio, a body that is hashed',
    verify: { scheme: 'twilio', secret: SECRET },
    signature: 'x-twilio-signature',
    sign: (raw) => {
      const url = `/done?bodySHA256=${createHash('sha256').update(raw).digest('hex')}`
      const signature = twilio.getExpectedTwilioSignature(SECRET, `https://example.com${url}`, {})
      return { raw, url, headers: { 'x-twilio-signature': signature } }
    },
    accepts: (sent) => {
      const [raw, headers] = textsOf(sent)
      const url = `https://example.com${sent.url}`
      return twilio.validateRequestWithBody(SECRET, headers['x-twilio-signature'] ?? '', url, raw)
    },
  },
]
