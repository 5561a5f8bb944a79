import { compileSecrets, shownSecret } from './token'
import { readHeader } from './signature/source'
import type { Sign, SignOptions, Verify, VerifyContext, VerifySpec } from './contract'
import { unverified } from './errors'
import { withHeader } from './signature/draft'
import { STANDARD } from './signature/form'
import { STANDARD_SECRET } from './signature/secrets'
import { compileSignSignature } from './signature/sign-signature'
import { compileSignature } from './signature/verify-signature'

/** Whether GitLab signs with a secret, rather than showing it. */
export function isSigningSecret(secret: string): boolean {
  return secret.startsWith(STANDARD_SECRET)
}

/**
 * GitLab sends its secret token as it is, and since 2026 signs by Standard Webhooks where the webhook has a signing
 * token, which begins with `whsec_`. A signature counts where the endpoint has a signing token.
 */
export function compileGitlab(spec: VerifySpec, context: VerifyContext): Verify {
  const signing = spec.secrets.filter(isSigningSecret)
  const tokens = spec.secrets.filter((secret) => !isSigningSecret(secret))
  const isToken = compileSecrets({ ...spec, secrets: tokens })
  const verifySignature =
    signing.length > 0 ? compileSignature({ ...spec, secrets: signing }, STANDARD, context) : undefined
  return (request, raw, params) => {
    if (verifySignature && (tokens.length === 0 || readHeader(request, 'webhook-signature') !== undefined))
      return verifySignature(request, raw, params)
    const token = readHeader(request, 'x-gitlab-token')
    if (token === undefined) throw unverified('it has no token: the header "x-gitlab-token" is missing')
    if (!isToken(Buffer.from(token, 'latin1'))) throw unverified('its token is no secret of the endpoint')
  }
}

/** Compiles how GitLab proves itself with the first secret: by a signature for a signing token, else by showing it. */
export function compileSignGitlab(spec: VerifySpec, options: SignOptions): Sign {
  const [first = ''] = spec.secrets
  if (isSigningSecret(first)) return compileSignSignature({ ...spec, secrets: [first] }, STANDARD, options)
  const token = Buffer.from(shownSecret(spec, options.isForged)).toString('latin1')
  return async (request) => withHeader(request, 'x-gitlab-token', token)
}
