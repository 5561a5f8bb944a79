import { type Scheme, signs } from '../scheme'
import { HMAC, type SignatureForm } from '../signature/form'

const GITHUB: SignatureForm = {
  ...HMAC,
  signature: ['x-hub-signature-256'],
  grammar: { kind: 'plain', prefix: 'sha256=' },
}

/** `v1=…,v1=…`: several signatures while a secret is rotated, and no time. */
const VERSIONED: SignatureForm = { ...HMAC, grammar: { kind: 'pairs', separator: ',', signature: 'v1' } }

/** The senders whose HMAC covers the body alone. A preset is one row. */
export const OF_BODY = {
  github: signs({
    ...GITHUB,
    page: 'https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries',
  }),
  meta: signs({
    ...GITHUB,
    page: 'https://developers.facebook.com/docs/graph-api/webhooks/getting-started',
    handshake: 'meta',
  }),
  bitbucket: signs({
    ...GITHUB,
    page: 'https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/',
    signature: ['x-hub-signature'],
  }),
  shopify: signs({
    ...HMAC,
    page: 'https://shopify.dev/docs/apps/build/webhooks/subscribe/https',
    signature: ['x-shopify-hmac-sha256'],
    encoding: 'base64',
  }),
  line: signs({
    ...HMAC,
    page: 'https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/',
    signature: ['x-line-signature'],
    encoding: 'base64',
  }),
  razorpay: signs({
    ...HMAC,
    page: 'https://razorpay.com/docs/webhooks/validate-test/',
    signature: ['x-razorpay-signature'],
  }),
  notion: signs({
    ...GITHUB,
    page: 'https://developers.notion.com/reference/webhooks',
    signature: ['x-notion-signature'],
  }),
  firecrawl: signs({
    ...GITHUB,
    page: 'https://docs.firecrawl.dev/webhooks/security',
    signature: ['x-firecrawl-signature'],
  }),
  typeform: signs({
    ...GITHUB,
    page: 'https://www.typeform.com/developers/webhooks/secure-your-webhooks/',
    signature: ['typeform-signature'],
    encoding: 'base64',
  }),
  docusign: signs({
    ...HMAC,
    page: 'https://developers.docusign.com/platform/webhooks/connect/hmac/',
    signature: ['x-docusign-signature-1'],
    otherSignatures: [2, 3, 4, 5].map((number) => `x-docusign-signature-${number}`),
    encoding: 'base64',
  }),
  sentry: signs({
    ...HMAC,
    page: 'https://docs.sentry.io/integrations/integration-platform/webhooks/',
    signature: ['sentry-hook-signature'],
  }),
  vercel: signs({
    ...HMAC,
    page: 'https://vercel.com/docs/webhooks/webhooks-api',
    algorithm: 'sha1',
    signature: ['x-vercel-signature'],
  }),
  // Its time stands in the body; the header with a time is not signed.
  linear: signs({
    ...HMAC,
    page: 'https://linear.app/developers/webhooks',
    signature: ['linear-signature'],
    timestampField: '${body.webhookTimestamp}',
    timestampUnit: 'ms',
    toleranceMs: 60_000,
  }),
  pagerduty: signs({
    ...VERSIONED,
    page: 'https://github.com/PagerDuty/developer-docs/blob/main/docs/webhooks/04-Signatures.md',
    signature: ['x-pagerduty-signature'],
  }),
  circleci: signs({
    ...VERSIONED,
    page: 'https://circleci.com/docs/outbound-webhooks',
    signature: ['circleci-signature'],
  }),
  'coinbase-commerce': signs({
    ...HMAC,
    page: 'https://github.com/coinbase/coinbase-commerce-node#webhooks',
    signature: ['x-cc-webhook-signature'],
  }),
  gocardless: signs({
    ...HMAC,
    page: 'https://developer.gocardless.com/getting-started/stay-up-to-date-with-webhooks-v2/',
    signature: ['webhook-signature'],
  }),
  'modern-treasury': signs({
    ...HMAC,
    page: 'https://docs.moderntreasury.com/platform/reference/webhooks',
    signature: ['x-signature'],
  }),
  onfido: signs({
    ...HMAC,
    page: 'https://documentation.onfido.com/#webhooks',
    signature: ['x-sha2-signature'],
  }),
  checkr: signs({
    ...HMAC,
    page: 'https://github.com/checkr/webhook-verification-examples',
    signature: ['x-checkr-signature'],
  }),
  pusher: signs({
    ...HMAC,
    page: 'https://pusher.com/docs/channels/server_api/webhooks/',
    signature: ['x-pusher-signature'],
  }),
  getstream: signs({
    ...HMAC,
    page: 'https://getstream.io/chat/docs/node/webhooks_overview/',
    signature: ['x-signature'],
  }),
  nango: signs({
    ...HMAC,
    page: 'https://docs.nango.dev/implementation-guides/platform/webhooks-from-nango',
    signature: ['x-nango-hmac-sha256'],
  }),
  mailersend: signs({
    ...HMAC,
    page: 'https://developers.mailersend.com/api/v1/webhooks.html',
    signature: ['signature'],
  }),
  viber: signs({
    ...HMAC,
    page: 'https://developers.viber.com/docs/api/rest-bot-api/',
    signature: ['x-viber-content-signature'],
  }),
} satisfies Readonly<Record<string, Scheme>>
