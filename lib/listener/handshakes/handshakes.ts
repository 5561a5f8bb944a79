import { createSecretKey, type KeyObject } from 'node:crypto'
import { ConfigError, type Location, type Problem } from '../../base/errors'
import type { ChallengeSpec } from '../../config/sections/challenge'
import type { Template } from '../../template/compile'
import type { KeyEncoding } from '../../verify/contract'
import type { SchemeHandshake } from '../../verify/scheme'
import { SCHEMES, type VerifyScheme } from '../../verify/schemes'
import type { Challenge } from './answer'
import { compileCloudEvents } from './cloudevents'
import { compileX, compileZoom } from './crc'
import { compileDiscord } from './discord'
import { compileGraph, compileMeta } from './query'
import { compileBareSlack, compileSlack } from './slack'
import { compileSnsChallenge } from './sns'
import type { SenderWorld } from '../../verify/fetch-text'

/** What a handshake reads from the `verify` of its endpoint. */
interface VerifyPart {
  readonly scheme: VerifyScheme
  readonly secrets: readonly string[]
  readonly keyEncoding: KeyEncoding | undefined
  readonly signed: Template | undefined
}

/** What the handshake of an endpoint is compiled of. */
export interface ChallengedEndpoint {
  readonly at: string
  readonly location: Location | undefined
  readonly method: string
  readonly challenge: string | false | ChallengeSpec | undefined
  readonly challengeLocation: Location | undefined
  readonly verify: VerifyPart | undefined
}

/** The handshake that an endpoint asks for, by itself or by its scheme. */
interface Wanted extends ChallengeSpec {
  readonly verify: VerifyPart | undefined
}

/** One kind of handshake. */
interface Provider {
  /** Whether the sender asks by a method of its own, whatever the method of the callbacks; otherwise it asks by POST. */
  readonly hasOwnMethod?: boolean
  /** The keys that `challenge` may hold besides `type`. */
  readonly keys?: readonly ('token' | 'origin')[]
  /** Whether the scheme of `verify` is not enough to ask for it. */
  readonly isOnlyNamed?: boolean
  /** Whether the answer is an HMAC of a text of the sender, by the secret of `verify`. */
  readonly signs?: boolean
  /** Whether it refuses callbacks whose body could be such a text. */
  readonly refusesTokens?: boolean
  /** Says what is missing for it. */
  missing?(wanted: Wanted): string | undefined
  compile(wanted: Wanted, world: SenderWorld): Challenge
}

const PROVIDERS = {
  slack: { compile: compileSlack },
  discord: { compile: compileDiscord },
  zoom: {
    signs: true,
    missing: ({ verify }) => missingKey(verify, ['zoom', 'hmac']),
    compile: ({ verify }) => compileZoom(toKey(verify)),
  },
  meta: {
    hasOwnMethod: true,
    keys: ['token'],
    // Without a token, the app answers Meta's handshake elsewhere, or has answered it already.
    isOnlyNamed: true,
    missing: ({ tokens }) => (tokens.length > 0 ? undefined : NO_TOKEN),
    compile: ({ tokens }) => compileMeta(tokens),
  },
  msgraph: { compile: compileGraph },
  sns: {
    missing: ({ verify }) =>
      verify?.scheme === 'sns' ? undefined : 'confirms what is signed; it needs verify with scheme sns',
    compile: (_wanted, world) => compileSnsChallenge(world),
  },
  cloudevents: {
    hasOwnMethod: true,
    keys: ['origin'],
    compile: ({ origins = [], rate }) => compileCloudEvents(origins, rate),
  },
  x: {
    hasOwnMethod: true,
    signs: true,
    refusesTokens: true,
    missing: ({ verify }) => missingKey(verify, ['hmac']) ?? missingBody(verify),
    compile: ({ verify }) => compileX(toKey(verify)),
  },
} as const satisfies Readonly<Record<SchemeHandshake | 'msgraph' | 'cloudevents' | 'x', Provider>>

/** The app secret must not be the token: the token is in the URL of each request, and so in the log of each proxy. */
const NO_TOKEN = 'needs the Verify Token of the App Dashboard: write {type: meta, token: "${env.META_VERIFY_TOKEN}"}'

/**
 * Compiles the handshake of an endpoint; undefined where there is none to answer. A scheme of `verify` may bring its
 * own; `challenge: false` turns it off. Throws a `ConfigError` with the problem that `checkChallenge` finds.
 */
export function compileChallenges(spec: ChallengedEndpoint, world: SenderWorld): Challenge | undefined {
  const problem = checkChallenge(spec)
  if (problem) throw new ConfigError([problem])
  const isOpen = spec.challenge === undefined && spec.verify === undefined
  if (isOpen) return spec.method === 'POST' ? compileBareSlack() : undefined
  const wanted = readWanted(spec)
  return wanted && answering(wanted, spec)?.compile(wanted, world)
}

/** Returns the provider of a handshake, where requests of it can come to the endpoint. */
function answering({ type }: Wanted, { method }: ChallengedEndpoint): Provider | undefined {
  const provider = findProvider(type)
  return provider?.hasOwnMethod || method === 'POST' ? provider : undefined
}

/** Finds what is wrong with the handshake of an endpoint: not known, or without the secret or token that it needs. */
export function checkChallenge(spec: ChallengedEndpoint): Problem | undefined {
  const wanted = readWanted(spec)
  const message = wanted && findWrong(wanted)
  if (message === undefined) return undefined
  const { at, challenge, challengeLocation, location } = spec
  const isWritten = challenge !== undefined
  return {
    code: 'ERR_CONFIG_VALUE',
    at: isWritten ? `${at}.challenge` : `${at}.verify`,
    location: challengeLocation ?? location,
    message,
  }
}

function findWrong(wanted: Wanted): string | undefined {
  const { type, tokens, origins, rate } = wanted
  const names = Object.keys(PROVIDERS).join(', ')
  if (type === undefined) return `The handshake has no type; there are ${names}`
  const name = JSON.stringify(type)
  const provider = findProvider(type)
  if (provider === undefined) return `There is no handshake ${name}; there are ${names}, or false for none`
  const { keys = [] } = provider
  if (tokens.length > 0 && !keys.includes('token')) return `The handshake ${name} has no token; take it out`
  if ((origins ?? rate) !== undefined && !keys.includes('origin'))
    return `The handshake ${name} has no origin and no rate; take them out`
  const missing = provider.missing?.(wanted)
  return missing === undefined ? undefined : `The handshake ${name} ${missing}`
}

function readWanted({ challenge, verify }: ChallengedEndpoint): Wanted | undefined {
  if (challenge === false) return undefined
  if (typeof challenge === 'string') return { type: challenge, tokens: [], verify }
  const own = verify && SCHEMES[verify.scheme].handshake
  if (challenge) return { ...challenge, type: challenge.type ?? own, verify }
  return own === undefined || findProvider(own)?.isOnlyNamed ? undefined : { type: own, tokens: [], verify }
}

function findProvider(name: string | undefined): Provider | undefined {
  return name !== undefined && isKnown(name) ? PROVIDERS[name] : undefined
}

function isKnown(name: string): name is keyof typeof PROVIDERS {
  return Object.hasOwn(PROVIDERS, name)
}

/** The answer is a signature: a public key or a password cannot make it. */
function missingKey(verify: Wanted['verify'], schemes: readonly string[]): string | undefined {
  const fits = verify !== undefined && schemes.includes(verify.scheme)
  if (!fits) return `is answered with a signature; it needs verify with scheme ${schemes.join(' or ')} and its secret`
  return readKey(verify).length > 0 ? undefined : 'is answered with a signature; the secret of verify is missing'
}

/** A body that could be a token is refused; a signed time or id without a body could be a token, and would not be refused. */
function missingBody(verify: Wanted['verify']): string | undefined {
  const signed = verify?.signed?.source
  return signed === undefined || signed === '${raw}'
    ? undefined
    : 'signs what anybody asks for; it needs verify with the body alone as "signed", ${raw}, as X has it'
}

/** Returns the key with which an endpoint answers a handshake by an HMAC; undefined where it answers none like that. */
export function signingKeyOf(spec: ChallengedEndpoint): Buffer | undefined {
  const wanted = readWanted(spec)
  const signs = wanted !== undefined && answering(wanted, spec)?.signs === true
  return signs && checkChallenge(spec) === undefined ? readKey(spec.verify) : undefined
}

/** Whether the handshake of an endpoint refuses callbacks whose body could be a text that the handshake signs. */
export function refusesTokens({ challenge }: ChallengedEndpoint): boolean {
  const type = typeof challenge === 'object' ? challenge.type : challenge
  return typeof type === 'string' && findProvider(type)?.refusesTokens === true
}

/** Of several secrets the first one signs. */
function toKey(verify: Wanted['verify']): KeyObject {
  return createSecretKey(readKey(verify))
}

function readKey(verify: Wanted['verify']): Buffer {
  return Buffer.from(verify?.secrets[0] ?? '', verify?.keyEncoding ?? 'utf8')
}
