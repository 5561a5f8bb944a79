import type { Sign, SignOptions, Verify, VerifyContext, VerifyItem, VerifySpec } from './contract'
import type { Coverage } from './coverage'
import { misconfigured } from './errors'
import { refuseOptions } from './options'
import { SCHEMES, type VerifyScheme } from './schemes'
import { listShared } from './signature/secrets'

/** The `verify` of an endpoint. */
export type EndpointVerify = VerifySpec<VerifyScheme>

/** Compiles the check of a request. Throws `ERR_CONFIG_VALUE` for a `verify` that cannot work. */
export function compileVerify(spec: EndpointVerify, context: VerifyContext): Verify {
  const { needsSecret, listOptions, compile } = SCHEMES[spec.scheme]
  if (needsSecret && spec.secrets.length === 0)
    throw misconfigured(spec, 'secret', `"${spec.scheme}" cannot be verified without a secret`)
  if (!needsSecret && spec.secrets.length > 0)
    throw misconfigured(spec, 'secret', `${spec.scheme} publishes its keys; take "secret" out`)
  refuseOptions(spec, listOptions(spec))
  return compile(spec, context)
}

/**
 * Compiles how the sender of an endpoint proves itself: the counterpart of `compileVerify`, for tests and for trying out. Throws
 * `ERR_CONFIG_VALUE` for a `verify` that cannot work, for a private key that is missing or does not fit, and for senders that
 * publish their keys.
 */
export function compileSign(spec: EndpointVerify, options: SignOptions = {}): Sign {
  const { needsSecret, listOptions, sign } = SCHEMES[spec.scheme]
  if (needsSecret && spec.secrets.length === 0 && options.privateKey === undefined)
    throw misconfigured(spec, 'secret', `"${spec.scheme}" cannot be signed without a secret`)
  refuseOptions(spec, listOptions(spec))
  return sign(spec, options)
}

/** Whether only the private key of the sender can sign, and the config has the public one. */
export function needsPrivateKey(spec: EndpointVerify): boolean {
  const { needsSecret, form } = SCHEMES[spec.scheme]
  return needsSecret && form !== undefined && listShared(spec, form).length === 0
}

/** Compiles the check of each item; undefined where a request is proved as a whole. Throws `ERR_CONFIG_VALUE`. */
export function compileVerifyItem(spec: EndpointVerify): VerifyItem | undefined {
  return SCHEMES[spec.scheme].compileItem?.(spec)
}

/** Returns what the proof of an endpoint covers. */
export function coverageOf(spec: EndpointVerify): Coverage {
  return SCHEMES[spec.scheme].coverageOf(spec)
}

/** Returns the `WWW-Authenticate` with which a refusal asks for the proof; undefined for signatures and tokens. */
export function askOf(spec: EndpointVerify): string | undefined {
  return SCHEMES[spec.scheme].asks
}

/** Returns the warning for a `verify` that lets in more senders than its author may expect; undefined for any other. */
export function warnOfVerify(spec: EndpointVerify): string | undefined {
  return SCHEMES[spec.scheme].warn?.(spec)
}

/** The listeners of a config, as far as their senders prove something. */
interface ProvedListeners {
  readonly listeners: readonly { readonly endpoints: readonly { readonly verify: VerifySpec | undefined }[] }[]
}

/** Lists the headers, in lower case, in which senders prove who they are under a name that the config gives. */
export function listProofHeaders(config: ProvedListeners): ReadonlySet<string> {
  return new Set(listProofs(config, 'header').map((name) => name.toLowerCase()))
}

/** Lists the parameters of a query in which senders prove who they are under a name that the config gives. */
export function listProofParameters(config: ProvedListeners): ReadonlySet<string> {
  return new Set(listProofs(config, 'query'))
}

/** Lists the parameters of a path in which senders prove who they are. */
export function listProofParams(config: ProvedListeners): ReadonlySet<string> {
  return new Set(listProofs(config, 'params'))
}

function listProofs({ listeners }: ProvedListeners, wanted: 'header' | 'query' | 'params'): readonly string[] {
  const specs = listeners.flatMap(({ endpoints }) => endpoints.map(({ verify }) => verify))
  const references = specs.flatMap((spec) => spec?.signature?.references ?? [])
  return references.flatMap(({ source, path: [name] }) => (source === wanted ? [String(name)] : []))
}
