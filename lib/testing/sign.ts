import { CallbackError } from '../base/errors'
import { compileConfig } from '../config/normalize'
import type { VerifyConfig } from '../config/sections/verify'
import type { UnsignedRequest } from '../verify/contract'
import { compileSign, needsPrivateKey } from '../verify/verify'

/** Who signs a request: the keys of `verify` of the endpoint, and what only the sender knows. */
export interface SignAs extends VerifyConfig {
  /** The private key of a scheme whose receivers have the public one: PEM, or `whsk_…` of Standard Webhooks. */
  readonly privateKey?: string | undefined
  /** Whether the signature is spoilt, so that it must be refused; default false. */
  readonly forged?: boolean | undefined
  /** When the request is signed, in milliseconds since the epoch; default: now. With a clock of your own, `clock.now()`. */
  readonly at?: number | undefined
}

/** Returns the request with the proof of its sender. Throws what `callbacks()` throws for such a `verify`. */
export async function signAs(
  request: UnsignedRequest,
  { privateKey, forged = false, at, ...keys }: SignAs,
): Promise<UnsignedRequest> {
  // A receiver of such a scheme has the public key, of which the sender has no need.
  const hasPlaceholder = privateKey !== undefined && keys.secret === undefined
  const verify = hasPlaceholder ? { ...keys, secret: 'the private key' } : keys
  const config = compileConfig({ listener: { path: '/', verify: { ...verify, unsigned_ids: true } } }, { env: {} })
  const spec = config.listeners[0]?.endpoints[0]?.verify
  if (spec === undefined) throw new CallbackError('ERR_CONFIG_VALUE', { at: 'sign', message: '"sign" needs a scheme' })
  if (needsPrivateKey(spec) && privateKey === undefined && !forged) {
    const message = `"${spec.scheme}" is signed with a private key: give "privateKey" (PEM, or whsk_…)`
    throw new CallbackError('ERR_CONFIG_VALUE', { at: 'sign.privateKey', message })
  }
  return compileSign(spec, { privateKey, isForged: forged, env: config.env })(request, at ?? Date.now())
}
