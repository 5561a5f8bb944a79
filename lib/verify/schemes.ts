import { ADYEN_FIELDS, ADYEN_WRAPPER, compileAdyen, compileSignAdyen } from './adyen'
import { cover, coverFields, coverSigned } from './coverage'
import { unverified } from './errors'
import { compileGitlab, compileSignGitlab, isSigningSecret } from './gitlab'
import { toHubspotUrl } from './hubspot'
import { type Scheme, signs, signsAlone } from './scheme'
import { HMAC, type SignatureForm, STANDARD } from './signature/form'
import { compileSns, SNS_FIELDS, warnOfTopics } from './sns/sns'
import { compileBasic, compileShowBasic, compileShowToken, compileToken } from './token'
import { compileSignTwilio, compileTwilio } from './twilio'

const ED25519: SignatureForm = { ...HMAC, keys: 'ed25519', keyEncoding: 'hex' }

const GITHUB: SignatureForm = {
  ...HMAC,
  signature: ['x-hub-signature-256'],
  grammar: { kind: 'plain', prefix: 'sha256=' },
}

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

/** Only somebody who knows the secret can have written such a request. */
const SHOWN = cover({ all: true })

/** A preset is one row here, and nothing else. */
const TABLE = {
  hmac: signs({ ...HMAC, page: 'https://www.rfc-editor.org/rfc/rfc2104' }),
  ed25519: signs({ ...ED25519, page: 'https://www.rfc-editor.org/rfc/rfc8032' }),
  token: {
    page: 'https://www.rfc-editor.org/rfc/rfc6750',
    needsSecret: true,
    listOptions: () => ['signature', 'prefix'],
    coverageOf: () => SHOWN,
    compile: compileToken,
    sign: compileShowToken,
  },
  basic: {
    page: 'https://www.rfc-editor.org/rfc/rfc7617',
    needsSecret: true,
    listOptions: () => [],
    coverageOf: () => SHOWN,
    compile: compileBasic,
    sign: compileShowBasic,
  },
  'standard-webhooks': signs({
    ...STANDARD,
    page: 'https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md',
  }),
  svix: signs({ ...STANDARD, page: 'https://docs.svix.com/receiving/verifying-payloads/how-manual' }),
  replicate: signs({ ...STANDARD, page: 'https://replicate.com/docs/topics/webhooks/verify-webhook' }),
  openai: signs({ ...STANDARD, page: 'https://platform.openai.com/docs/guides/webhooks' }),
  github: signs({
    ...GITHUB,
    page: 'https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries',
  }),
  stripe: signs({ ...STRIPE, page: 'https://docs.stripe.com/webhooks#verify-manually' }),
  slack: signs({
    ...SLACK,
    page: 'https://docs.slack.dev/authentication/verifying-requests-from-slack',
    handshake: 'slack',
  }),
  shopify: signs({
    ...HMAC,
    page: 'https://shopify.dev/docs/apps/build/webhooks/subscribe/https',
    signature: ['x-shopify-hmac-sha256'],
    encoding: 'base64',
  }),
  discord: signs({
    ...ED25519,
    page: 'https://docs.discord.com/developers/interactions/overview',
    handshake: 'discord',
    signature: ['x-signature-ed25519'],
    timestamp: ['x-signature-timestamp'],
    signed: '${timestamp}${raw}',
  }),
  fal: signs({
    ...ED25519,
    page: 'https://docs.fal.ai/model-apis/model-endpoints/webhooks',
    keys: { jwks: 'https://rest.fal.ai/.well-known/jwks.json' },
    signature: ['x-fal-webhook-signature'],
    timestamp: ['x-fal-webhook-timestamp'],
    signed: '${header.x-fal-webhook-request-id}\n${header.x-fal-webhook-user-id}\n${timestamp}\n${sha256}',
  }),
  meta: signs({
    ...GITHUB,
    page: 'https://developers.facebook.com/docs/graph-api/webhooks/getting-started',
    handshake: 'meta',
  }),
  zoom: signs({
    ...SLACK,
    page: 'https://developers.zoom.us/docs/api/webhooks',
    handshake: 'zoom',
    signature: ['x-zm-signature'],
    timestamp: ['x-zm-request-timestamp'],
  }),
  mux: signs({
    ...STRIPE,
    page: 'https://www.mux.com/docs/core/verify-webhook-signatures',
    signature: ['mux-signature'],
  }),
  paddle: signs({
    ...HMAC,
    page: 'https://developer.paddle.com/webhooks/signature-verification',
    signature: ['paddle-signature'],
    grammar: { kind: 'pairs', separator: ';', timestamp: 'ts', signature: 'h1' },
    signed: '${timestamp}:${raw}',
    toleranceMs: 5000,
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
  line: signs({
    ...HMAC,
    page: 'https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/',
    signature: ['x-line-signature'],
    encoding: 'base64',
  }),
  // GitLab shows its secret, or signs by Standard Webhooks.
  gitlab: {
    page: 'https://docs.gitlab.com/user/project/integrations/webhooks/',
    needsSecret: true,
    listOptions: ({ secrets }) => (secrets.some(isSigningSecret) ? ['toleranceMs'] : []),
    coverageOf: (spec) => (spec.secrets.some(isSigningSecret) ? coverSigned(spec, STANDARD) : SHOWN),
    compile: compileGitlab,
    sign: compileSignGitlab,
  },
  bitbucket: signs({
    ...GITHUB,
    page: 'https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/',
    signature: ['x-hub-signature'],
  }),
  razorpay: signs({
    ...HMAC,
    page: 'https://razorpay.com/docs/webhooks/validate-test/',
    signature: ['x-razorpay-signature'],
  }),
  sanity: signs({
    ...STRIPE,
    page: 'https://github.com/sanity-io/webhook-toolkit',
    signature: ['sanity-webhook-signature'],
    encoding: 'base64url',
    timestampUnit: 'ms',
  }),
  square: signs({
    ...HMAC,
    page: 'https://developer.squareup.com/docs/webhooks/step3validate',
    signature: ['x-square-hmacsha256-signature'],
    encoding: 'base64',
    signed: '${url}${raw}',
  }),
  twilio: {
    page: 'https://www.twilio.com/docs/usage/webhooks/webhooks-security',
    needsSecret: true,
    listOptions: () => [],
    coverageOf: () => cover({ body: true, url: true }),
    compile: compileTwilio,
    sign: compileSignTwilio,
  },
  hubspot: signs({
    ...HMAC,
    page: 'https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests',
    signature: ['x-hubspot-signature-v3'],
    encoding: 'base64',
    timestamp: ['x-hubspot-request-timestamp'],
    timestampUnit: 'ms',
    signed: '${method}${url}${raw}${timestamp}',
    url: toHubspotUrl,
  }),
  adyen: {
    page: 'https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures',
    needsSecret: true,
    listOptions: () => [],
    coverageOf: () => coverFields(ADYEN_FIELDS, true, ADYEN_WRAPPER),
    compile: () => refuseWhole,
    compileItem: compileAdyen,
    sign: compileSignAdyen,
  },
  sns: {
    page: 'https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html',
    needsSecret: false,
    handshake: 'sns',
    listOptions: () => ['topics'],
    coverageOf: () => coverFields(SNS_FIELDS),
    compile: compileSns,
    sign: signsAlone,
    warn: warnOfTopics,
  },
} satisfies Readonly<Record<string, Scheme>>

function refuseWhole(): never {
  throw unverified('only its items have signatures')
}

/** The name of a scheme, as the config says it. */
export type VerifyScheme = keyof typeof TABLE

/** The one table of schemes. */
export const SCHEMES: Readonly<Record<VerifyScheme, Scheme>> = TABLE

/** The names of all schemes, in the order in which messages and editors list them. */
export const VERIFY_SCHEMES: readonly VerifyScheme[] = Object.keys(SCHEMES).filter(isScheme)

function isScheme(name: string): name is VerifyScheme {
  return Object.hasOwn(SCHEMES, name)
}
