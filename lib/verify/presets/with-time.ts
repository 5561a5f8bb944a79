import { type Scheme, signs } from '../scheme'
import { ED25519, HMAC, type SignatureForm } from '../signature/form'

const STRIPE: SignatureForm = {
  ...HMAC,
  signature: ['stripe-signature'],
  grammar: { kind: 'pairs', separator: ',', timestamp: 't', signature: 'v1' },
  signed: '${timestamp}.${raw}',
}

const SLACK: SignatureForm = {
  ...HMAC,
  signature: ['x-slack-signature'],
  grammar: { kind: 'plain', prefix: 'v0=' },
  timestamp: ['x-slack-request-timestamp'],
  signed: 'v0:${timestamp}:${raw}',
}

/** The senders that sign the body and a time of sending. A preset is one row. */
export const WITH_TIME = {
  stripe: signs({ ...STRIPE, page: 'https://docs.stripe.com/webhooks#verify-manually' }),
  mux: signs({
    ...STRIPE,
    page: 'https://www.mux.com/docs/core/verify-webhook-signatures',
    signature: ['mux-signature'],
  }),
  sanity: signs({
    ...STRIPE,
    page: 'https://github.com/sanity-io/webhook-toolkit',
    signature: ['sanity-webhook-signature'],
    encoding: 'base64url',
    timestampUnit: 'ms',
  }),
  paddle: signs({
    ...HMAC,
    page: 'https://developer.paddle.com/webhooks/signature-verification',
    signature: ['paddle-signature'],
    grammar: { kind: 'pairs', separator: ';', timestamp: 'ts', signature: 'h1' },
    signed: '${timestamp}:${raw}',
    toleranceMs: 5000,
  }),
  elevenlabs: signs({
    ...STRIPE,
    page: 'https://elevenlabs.io/docs/eleven-api/resources/webhooks',
    signature: ['elevenlabs-signature'],
    grammar: { kind: 'pairs', separator: ',', timestamp: 't', signature: 'v0' },
    toleranceMs: 1_800_000,
  }),
  retell: signs({
    ...HMAC,
    page: 'https://docs.retellai.com/features/secure-webhook',
    signature: ['x-retell-signature'],
    grammar: { kind: 'pairs', separator: ',', timestamp: 'v', signature: 'd' },
    timestampUnit: 'ms',
    signed: '${raw}${timestamp}',
  }),
  workos: signs({
    ...STRIPE,
    page: 'https://workos.com/docs/events/data-syncing/webhooks',
    signature: ['workos-signature'],
    timestampUnit: 'ms',
    toleranceMs: 180_000,
  }),
  slack: signs({
    ...SLACK,
    page: 'https://docs.slack.dev/authentication/verifying-requests-from-slack',
    handshake: 'slack',
  }),
  zoom: signs({
    ...SLACK,
    page: 'https://developers.zoom.us/docs/api/webhooks',
    handshake: 'zoom',
    signature: ['x-zm-signature'],
    timestamp: ['x-zm-request-timestamp'],
  }),
  webflow: signs({
    ...HMAC,
    page: 'https://developers.webflow.com/data/docs/working-with-webhooks',
    signature: ['x-webflow-signature'],
    timestamp: ['x-webflow-timestamp'],
    timestampUnit: 'ms',
    signed: '${timestamp}:${raw}',
  }),
  zendesk: signs({
    ...HMAC,
    page: 'https://developer.zendesk.com/documentation/webhooks/verifying/',
    signature: ['x-zendesk-webhook-signature'],
    encoding: 'base64',
    timestamp: ['x-zendesk-webhook-signature-timestamp'],
    timestampUnit: 'iso',
    signed: '${timestamp}${raw}',
  }),
  box: signs({
    ...HMAC,
    page: 'https://developer.box.com/guides/webhooks/v2/signatures-v2/',
    signature: ['box-signature-primary'],
    otherSignatures: ['box-signature-secondary'],
    encoding: 'base64',
    timestamp: ['box-delivery-timestamp'],
    timestampUnit: 'iso',
    signed: '${raw}${timestamp}',
    toleranceMs: 600_000,
  }),
  discord: signs({
    ...ED25519,
    page: 'https://docs.discord.com/developers/interactions/overview',
    handshake: 'discord',
    signature: ['x-signature-ed25519'],
    timestamp: ['x-signature-timestamp'],
    signed: '${timestamp}${raw}',
  }),
  telnyx: signs({
    ...ED25519,
    page: 'https://developers.telnyx.com/docs/development/api-fundamentals/webhooks',
    signature: ['telnyx-signature-ed25519'],
    encoding: 'base64',
    keyEncoding: 'base64',
    timestamp: ['telnyx-timestamp'],
    signed: '${timestamp}|${raw}',
  }),
  fal: signs({
    ...ED25519,
    page: 'https://docs.fal.ai/model-apis/model-endpoints/webhooks',
    keys: { jwks: 'https://rest.fal.ai/.well-known/jwks.json' },
    signature: ['x-fal-webhook-signature'],
    timestamp: ['x-fal-webhook-timestamp'],
    signed: '${header.x-fal-webhook-request-id}\n${header.x-fal-webhook-user-id}\n${timestamp}\n${sha256}',
  }),
  sendgrid: signs({
    ...HMAC,
    page: 'https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features',
    keys: 'ecdsa',
    signature: ['x-twilio-email-event-webhook-signature'],
    encoding: 'base64',
    keyEncoding: 'base64',
    timestamp: ['x-twilio-email-event-webhook-timestamp'],
    signed: '${timestamp}${raw}',
  }),
} satisfies Readonly<Record<string, Scheme>>
