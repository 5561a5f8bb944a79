import type { Sign, SignOptions, Verify, VerifyContext, VerifyItem, VerifySpec } from './contract'
import { cover, type Coverage, coverSigned } from './coverage'
import { misconfigured } from './errors'
import type { VerifyOption } from './options'
import type { SignatureForm } from './signature/form'
import { compileSignSignature } from './signature/sign-signature'
import { compileSignature, listFormOptions } from './signature/verify-signature'
import { compileShowToken, compileToken } from './token'

/** The coverage of a secret that is shown: only somebody who knows it can have written the request. */
export const SHOWN = cover({ all: true })

/** Everything that is known of one scheme. Most senders sign in the generic form, and are data; the others have code. */
export interface Scheme {
  /** The vendor's page about it. */
  readonly page: string
  /** Whether the config gives a secret; otherwise the sender publishes its keys. */
  readonly needsSecret: boolean
  /** The `WWW-Authenticate` of a 401: some clients show user and password only when they are asked (RFC 9110, 11.6.1). */
  readonly asks?: string
  /** The handshake with which the sender checks a URL. */
  readonly handshake?: SchemeHandshake | undefined
  /** The generic form, where the sender signs in it. */
  readonly form?: SignatureForm
  /** The keys of `verify` that it heeds, besides `scheme`, `secret` and `unsigned_ids`. */
  readonly listOptions: (spec: Pick<VerifySpec, 'secrets'>) => readonly VerifyOption[]
  readonly coverageOf: (spec: VerifySpec) => Coverage
  /** Throws `ERR_CONFIG_VALUE` for what cannot work. */
  readonly compile: (spec: VerifySpec, context: VerifyContext) => Verify
  /** Compiles how the sender signs. Throws `ERR_CONFIG_VALUE` for what cannot work, and where nobody else can sign. */
  readonly sign: (spec: VerifySpec, options: SignOptions) => Sign
  /** Where each item has a proof, and the request as a whole has none. Throws `ERR_CONFIG_VALUE`. */
  readonly compileItem?: (spec: VerifySpec) => VerifyItem
  /** Returns the warning for a `verify` that lets in more senders than its author may expect. */
  readonly warn?: (spec: VerifySpec) => string | undefined
}

/** The handshakes of these senders. */
export type SchemeHandshake = 'slack' | 'discord' | 'zoom' | 'meta' | 'sns'

/** A row of a sender that signs in the generic form. */
interface SignedRow extends SignatureForm {
  readonly page: string
  readonly handshake?: SchemeHandshake
}

/** Creates the scheme of a sender that signs in the generic form. */
export function signs({ page, handshake, ...form }: SignedRow): Scheme {
  return {
    page,
    handshake,
    form,
    needsSecret: typeof form.keys === 'string',
    listOptions: () => listFormOptions(form),
    coverageOf: (spec) => coverSigned(spec, form),
    compile: (spec, context) => compileSignature(spec, form, context),
    sign: typeof form.keys === 'string' ? (spec, options) => compileSignSignature(spec, form, options) : signsAlone,
  }
}

/** A row of a sender that shows the secret itself in a header. */
interface ShownRow {
  readonly page: string
  /** In lower case. */
  readonly header: string
}

/** Creates the scheme of a sender that shows its secret in each request, so that only those who know it can write one. */
export function shows({ page, header }: ShownRow): Scheme {
  return {
    page,
    needsSecret: true,
    listOptions: () => ['signature', 'prefix'],
    coverageOf: () => SHOWN,
    compile: (spec, context) => compileToken(spec, context, header),
    sign: (spec, options) => compileShowToken(spec, options, header),
  }
}

/** Refuses to sign for a sender that publishes its keys: nobody else has the private ones. */
export function signsAlone(spec: VerifySpec): never {
  const message =
    `Only "${spec.scheme}" itself can sign: receivers fetch the public keys that it publishes, and nobody else has the private ` +
    'ones. Send without "verify", or let the service call through a tunnel'
  throw misconfigured(spec, 'scheme', message)
}
