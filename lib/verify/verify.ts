import { needsNoSecret, type VerifySpec } from '../config/sections/verify'
import { SCHEMES } from './schemes'
import { compileGitlab } from './gitlab'
import { compileAdyen, type VerifyItem } from './adyen'
import { compileSns } from './sns/sns'
import { compileBasic, compileToken } from './token'
import { compileTwilio } from './twilio'
import type { Verify, VerifyContext } from './context'
import { misconfigured, unverified } from './errors'
import { compileSignature } from './signature/verify-signature'

export type { Verify, VerifyContext } from './context'

/** Compiles how an endpoint verifies its senders. Throws `ERR_CONFIG_VALUE` for what cannot work. */
export function compileVerify(spec: VerifySpec, context: VerifyContext): Verify {
  const { scheme, secrets } = spec
  if (needsNoSecret(scheme)) {
    if (secrets.length > 0) throw misconfigured(spec, 'secret', `${scheme} publishes its keys; take "secret" out`)
  } else if (secrets.length === 0) {
    throw misconfigured(spec, 'secret', `"${scheme}" cannot be verified without a secret`)
  }
  switch (scheme) {
    case 'token':
      return compileToken(spec, context)
    case 'basic':
      return compileBasic(spec)
    case 'gitlab':
      return compileGitlab(spec, context)
    case 'twilio':
      return compileTwilio(spec, context)
    case 'sns':
      return compileSns(spec, context)
    case 'adyen':
      return refuseWhole
    default:
      return compileSignature(spec, SCHEMES[scheme], context)
  }
}

/** Nothing proves the request as a whole: see {@link compileVerifyItem}. */
function refuseWhole(): never {
  throw unverified('only its items have signatures')
}

/** Compiles how each item proves its sender; undefined where the request as a whole does. Throws `ERR_CONFIG_VALUE`. */
export function compileVerifyItem(spec: VerifySpec): VerifyItem | undefined {
  return spec.scheme === 'adyen' ? compileAdyen(spec) : undefined
}
