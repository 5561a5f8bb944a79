import { ADYEN_FIELDS, ADYEN_WRAPPER, compileAdyen, compileSignAdyen } from './adyen'
import { cover, coverFields, coverSigned } from './coverage'
import { unverified } from './errors'
import { compileGitlab, compileSignGitlab, isSigningSecret } from './gitlab'
import { toHubspotUrl } from './hubspot'
import { OF_BODY } from './presets/of-body'
import { BY_STANDARD } from './presets/standard'
import { WITH_TIME } from './presets/with-time'
import { type Scheme, SHOWN, shows, signs, signsAlone } from './scheme'
import { ED25519, HMAC, STANDARD } from './signature/form'
import { compileSns, SNS_FIELDS, warnOfTopics } from './sns/sns'
import { compileBasic, compileShowBasic } from './token'
import { compileSignTwilio, compileTwilio } from './twilio'

/** Every scheme is one row: those of the generic form by what they cover, the others here. */
const TABLE = {
  hmac: signs({ ...HMAC, page: 'https://www.rfc-editor.org/rfc/rfc2104' }),
  ed25519: signs({ ...ED25519, page: 'https://www.rfc-editor.org/rfc/rfc8032' }),
  token: shows({ page: 'https://www.rfc-editor.org/rfc/rfc6750', header: 'authorization' }),
  basic: {
    page: 'https://www.rfc-editor.org/rfc/rfc7617',
    asks: 'Basic realm="callbacks", charset="UTF-8"',
    needsSecret: true,
    listOptions: () => [],
    coverageOf: () => SHOWN,
    compile: compileBasic,
    sign: compileShowBasic,
  },
  ...BY_STANDARD,
  ...WITH_TIME,
  ...OF_BODY,
  telegram: shows({
    page: 'https://core.telegram.org/bots/api#setwebhook',
    header: 'x-telegram-bot-api-secret-token',
  }),
  vapi: shows({ page: 'https://docs.vapi.ai/server-url/server-authentication', header: 'x-vapi-secret' }),
  // GitLab shows its secret, or signs by Standard Webhooks.
  gitlab: {
    page: 'https://docs.gitlab.com/user/project/integrations/webhooks/',
    needsSecret: true,
    listOptions: ({ secrets }) => (secrets.some(isSigningSecret) ? ['toleranceMs'] : []),
    coverageOf: (spec) => (spec.secrets.some(isSigningSecret) ? coverSigned(spec, STANDARD) : SHOWN),
    compile: compileGitlab,
    sign: compileSignGitlab,
  },
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
