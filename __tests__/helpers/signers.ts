import { createHash, createHmac, generateKeyPairSync, sign as signWith } from 'node:crypto'

/** One request as it is signed. */
export interface Signable {
  readonly method: string
  readonly url: string
  readonly raw: string
}

/** A sender of one scheme, as tests have it, and what its proof covers by its vendor's page. */
export interface Signer {
  readonly scheme: string
  readonly secret: string | undefined
  readonly covers: {
    readonly all?: true
    readonly body?: true
    readonly url?: true
    readonly headers?: readonly string[]
  }
  /** Returns the headers that prove a request which is sent at that second. */
  sign(request: Signable, at: number): Readonly<Record<string, string>>
}

const SECRET = 'secret-of-the-test'
const STANDARD = Buffer.from(SECRET).toString('base64')
const ed25519 = generateKeyPairSync('ed25519')
const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rawKey = ed25519.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)

/** What fal publishes. */
export const FAL_KEYS = JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x: rawKey.toString('base64url') }] })

function hmac(text: string, encoding: 'hex' | 'base64' | 'base64url' = 'hex', algorithm = 'sha256'): string {
  return createHmac(algorithm, SECRET).update(text).digest(encoding)
}

const byEd25519 = (text: string, encoding: 'hex' | 'base64' = 'hex'): string =>
  signWith(null, Buffer.from(text), ed25519.privateKey).toString(encoding)

function ofBody(scheme: string, header: string, write: (raw: string) => string): Signer {
  return { scheme, secret: SECRET, covers: { body: true }, sign: ({ raw }) => ({ [header]: write(raw) }) }
}

function standard(scheme: string, prefix: string, secret = STANDARD, id = `${prefix}-id`): Signer {
  const known = ['webhook-id', 'webhook-timestamp', 'svix-id', 'svix-timestamp']
  return {
    scheme,
    secret,
    covers: { body: true, headers: known.includes(id) ? known : [id, `${prefix}-timestamp`] },
    sign: ({ raw }, at) => ({
      [id]: 'msg_1',
      [`${prefix}-timestamp`]: String(at),
      [`${prefix}-signature`]: `v1,${hmac(`msg_1.${at}.${raw}`, 'base64')}`,
    }),
  }
}

function ofPairs(scheme: string, header: string, write: (raw: string, at: number) => string): Signer {
  return { scheme, secret: SECRET, covers: { body: true }, sign: ({ raw }, at) => ({ [header]: write(raw, at) }) }
}

function timed(
  scheme: string,
  signature: string,
  timestamp: string,
  write: (raw: string, at: string) => string,
  writeTime: (at: number) => string = String,
): Signer {
  return {
    scheme,
    secret: SECRET,
    covers: { body: true, headers: [timestamp] },
    sign: ({ raw }, at) => ({ [signature]: write(raw, writeTime(at)), [timestamp]: writeTime(at) }),
  }
}

function shown(scheme: string, header: string): Signer {
  return { scheme, secret: SECRET, covers: { all: true }, sign: () => ({ [header]: SECRET }) }
}

const isoOf = (at: number): string => new Date(at * 1000).toISOString()
const msOf = (at: number): string => `${at}000`

/** A sender of each scheme that proves a request as a whole. */
export const SIGNERS: readonly Signer[] = [
  ofBody('github', 'x-hub-signature-256', (raw) => `sha256=${hmac(raw)}`),
  ofBody('meta', 'x-hub-signature-256', (raw) => `sha256=${hmac(raw)}`),
  ofBody('bitbucket', 'x-hub-signature', (raw) => `sha256=${hmac(raw)}`),
  ofBody('shopify', 'x-shopify-hmac-sha256', (raw) => hmac(raw, 'base64')),
  ofBody('line', 'x-line-signature', (raw) => hmac(raw, 'base64')),
  ofBody('notion', 'x-notion-signature', (raw) => `sha256=${hmac(raw)}`),
  ofBody('firecrawl', 'x-firecrawl-signature', (raw) => `sha256=${hmac(raw)}`),
  ofBody('typeform', 'typeform-signature', (raw) => `sha256=${hmac(raw, 'base64')}`),
  ofBody('docusign', 'x-docusign-signature-1', (raw) => hmac(raw, 'base64')),
  ofBody('vercel', 'x-vercel-signature', (raw) => hmac(raw, 'hex', 'sha1')),
  ofBody('pagerduty', 'x-pagerduty-signature', (raw) => `v1=${hmac(raw)}`),
  ofBody('circleci', 'circleci-signature', (raw) => `v1=${hmac(raw)}`),
  ...[
    ['razorpay', 'x-razorpay-signature'],
    ['sentry', 'sentry-hook-signature'],
    ['coinbase-commerce', 'x-cc-webhook-signature'],
    ['gocardless', 'webhook-signature'],
    ['modern-treasury', 'x-signature'],
    ['onfido', 'x-sha2-signature'],
    ['checkr', 'x-checkr-signature'],
    ['pusher', 'x-pusher-signature'],
    ['getstream', 'x-signature'],
    ['nango', 'x-nango-hmac-sha256'],
    ['mailersend', 'signature'],
    ['viber', 'x-viber-content-signature'],
  ].map(([scheme = '', header = '']) => ofBody(scheme, header, (raw) => hmac(raw))),
  ofPairs('stripe', 'stripe-signature', (raw, at) => `t=${at},v1=${hmac(`${at}.${raw}`)}`),
  ofPairs('mux', 'mux-signature', (raw, at) => `t=${at},v1=${hmac(`${at}.${raw}`)}`),
  ofPairs('elevenlabs', 'elevenlabs-signature', (raw, at) => `t=${at},v0=${hmac(`${at}.${raw}`)}`),
  ofPairs('retell', 'x-retell-signature', (raw, at) => `v=${at}000,d=${hmac(`${raw}${at}000`)}`),
  ofPairs('workos', 'workos-signature', (raw, at) => `t=${at}000,v1=${hmac(`${at}000.${raw}`)}`),
  ofPairs('paddle', 'paddle-signature', (raw, at) => `ts=${at};h1=${hmac(`${at}:${raw}`)}`),
  ofPairs('sanity', 'sanity-webhook-signature', (raw, at) => `t=${at}000,v1=${hmac(`${at}000.${raw}`, 'base64url')}`),
  timed('slack', 'x-slack-signature', 'x-slack-request-timestamp', (raw, at) => `v0=${hmac(`v0:${at}:${raw}`)}`),
  timed('zoom', 'x-zm-signature', 'x-zm-request-timestamp', (raw, at) => `v0=${hmac(`v0:${at}:${raw}`)}`),
  timed('webflow', 'x-webflow-signature', 'x-webflow-timestamp', (raw, at) => hmac(`${at}:${raw}`), msOf),
  timed(
    'zendesk',
    'x-zendesk-webhook-signature',
    'x-zendesk-webhook-signature-timestamp',
    (raw, at) => hmac(at + raw, 'base64'),
    isoOf,
  ),
  timed('box', 'box-signature-primary', 'box-delivery-timestamp', (raw, at) => hmac(raw + at, 'base64'), isoOf),
  ...['svix', 'resend', 'clerk'].map((scheme) => standard(scheme, 'svix')),
  ...['standard-webhooks', 'replicate', 'openai', 'recall', 'dodo-payments', 'lithic', 'liveblocks'].map((scheme) =>
    standard(scheme, 'webhook'),
  ),
  standard('polar', 'webhook', SECRET),
  standard('finch', 'finch', STANDARD, 'finch-event-id'),
  standard('gitlab', 'webhook', `whsec_${STANDARD}`),
  {
    ...timed('telnyx', 'telnyx-signature-ed25519', 'telnyx-timestamp', (raw, at) =>
      byEd25519(`${at}|${raw}`, 'base64'),
    ),
    secret: rawKey.toString('base64'),
  },
  shown('telegram', 'x-telegram-bot-api-secret-token'),
  shown('vapi', 'x-vapi-secret'),
  {
    ...timed('discord', 'x-signature-ed25519', 'x-signature-timestamp', (raw, at) => byEd25519(at + raw)),
    secret: rawKey.toString('hex'),
  },
  {
    ...timed(
      'sendgrid',
      'x-twilio-email-event-webhook-signature',
      'x-twilio-email-event-webhook-timestamp',
      (raw, at) => signWith('sha256', Buffer.from(at + raw), ecdsa.privateKey).toString('base64'),
    ),
    secret: ecdsa.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  },
  {
    scheme: 'fal',
    secret: undefined,
    covers: {
      body: true,
      headers: ['x-fal-webhook-request-id', 'x-fal-webhook-user-id', 'x-fal-webhook-timestamp'],
    },
    sign: ({ raw }, at) => ({
      'x-fal-webhook-request-id': 'r1',
      'x-fal-webhook-user-id': 'u1',
      'x-fal-webhook-timestamp': String(at),
      'x-fal-webhook-signature': byEd25519(`r1\nu1\n${at}\n${createHash('sha256').update(raw).digest('hex')}`),
    }),
  },
  {
    scheme: 'square',
    secret: SECRET,
    covers: { body: true, url: true },
    sign: ({ url, raw }) => ({ 'x-square-hmacsha256-signature': hmac(url + raw, 'base64') }),
  },
  {
    scheme: 'hubspot',
    secret: SECRET,
    covers: { body: true, url: true, headers: ['x-hubspot-request-timestamp'] },
    sign: ({ method, url, raw }, at) => ({
      'x-hubspot-signature-v3': hmac(`${method}${url}${raw}${at}000`, 'base64'),
      'x-hubspot-request-timestamp': `${at}000`,
    }),
  },
  {
    scheme: 'twilio',
    secret: SECRET,
    covers: { body: true, url: true },
    sign: ({ url }) => ({ 'x-twilio-signature': hmac(url, 'base64', 'sha1') }),
  },
  {
    scheme: 'token',
    secret: SECRET,
    covers: { all: true },
    sign: () => ({ authorization: `Bearer ${SECRET}` }),
  },
  {
    scheme: 'basic',
    secret: `user:${SECRET}`,
    covers: { all: true },
    sign: () => ({ authorization: `Basic ${Buffer.from(`user:${SECRET}`).toString('base64')}` }),
  },
]
