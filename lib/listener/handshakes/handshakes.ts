import { createSecretKey, type KeyObject } from 'node:crypto'
import type { EndpointSpec } from '../../config/normalize'
import type { ChallengeSpec } from '../../config/sections/challenge'
import type { VerifySpec } from '../../config/sections/verify'
import { ConfigError, type Problem } from '../../base/errors'
import type { Challenge } from './answer'
import { compileCloudEvents } from './cloudevents'
import { compileX, compileZoom } from './crc'
import { compileDiscord } from './discord'
import { compileGraph, compileMeta } from './query'
import { compileBareSlack, compileSlack } from './slack'
import { compileSnsChallenge } from './sns'
import type { SenderWorld } from '../../verify/fetch-text'

/** What the handshake of an endpoint is compiled of. */
export interface ChallengedEndpoint extends Pick<
  EndpointSpec,
  'at' | 'location' | 'method' | 'challenge' | 'challengeLocation'
> {
  readonly verify: Pick<VerifySpec, 'scheme' | 'secrets' | 'keyEncoding' | 'signed'> | undefined
}

interface Wanted extends ChallengeSpec {
  readonly verify: ChallengedEndpoint['verify']
}

/** One kind of handshake: what is missing for it, and how it is made. */
interface Provider {
  /** Meta and X ask by GET, CloudEvents by OPTIONS, whatever method the callbacks come by; the others only where callbacks are POSTed. */
  readonly byGet: boolean
  missing?(wanted: Wanted): string | undefined
  compile(wanted: Wanted, world: SenderWorld): Challenge
}

const PROVIDERS = {
  slack: { byGet: false, compile: compileSlack },
  discord: { byGet: false, compile: compileDiscord },
  zoom: {
    byGet: false,
    missing: ({ verify }) => missingKey(verify, ['zoom', 'hmac']),
    compile: ({ verify }) => compileZoom(toKey(verify)),
  },
  meta: {
    byGet: true,
    missing: ({ tokens }) => (tokens.length > 0 ? undefined : NO_TOKEN),
    compile: ({ tokens }) => compileMeta(tokens),
  },
  msgraph: { byGet: false, compile: compileGraph },
  sns: {
    byGet: false,
    missing: ({ verify }) =>
      verify?.scheme === 'sns' ? undefined : 'confirms what is signed; it needs verify with scheme sns',
    compile: (_wanted, world) => compileSnsChallenge(world),
  },
  cloudevents: { byGet: true, compile: ({ origins = [], rate }) => compileCloudEvents(origins, rate) },
  x: {
    byGet: true,
    missing: ({ verify }) => missingKey(verify, ['hmac']) ?? missingBody(verify),
    compile: ({ verify }) => compileX(toKey(verify)),
  },
} as const satisfies Readonly<Record<string, Provider>>

type ChallengeName = keyof typeof PROVIDERS

/** The app secret will not do: it would stand in the URL of each request, and so in the log of each proxy. */
const NO_TOKEN = 'needs the Verify Token of the App Dashboard: write {type: meta, token: "${env.META_VERIFY_TOKEN}"}'

/**
 * Compiles the handshake of an endpoint; undefined where there is none to answer. Slack's, Discord's and Zoom's go
 * with their scheme of `verify`; false turns them off. Throws a `ConfigError` with what `checkChallenge` finds.
 */
export function compileChallenges(spec: ChallengedEndpoint, world: SenderWorld): Challenge | undefined {
  const problem = checkChallenge(spec)
  if (problem) throw new ConfigError([problem])
  const isOpen = spec.challenge === undefined && spec.verify === undefined
  if (isOpen) return spec.method === 'POST' ? compileBareSlack() : undefined
  const wanted = readWanted(spec)
  if (wanted?.type === undefined || !isKnown(wanted.type)) return undefined
  const provider: Provider = PROVIDERS[wanted.type]
  return provider.byGet || spec.method === 'POST' ? provider.compile(wanted, world) : undefined
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
  if (!isKnown(type)) return `There is no handshake ${name}; there are ${names}, or false for none`
  if (tokens.length > 0 && type !== 'meta') return `The handshake ${name} has no token; take it out`
  if ((origins ?? rate) !== undefined && type !== 'cloudevents')
    return `The handshake ${name} has no origin and no rate; take them out`
  const provider: Provider = PROVIDERS[type]
  const missing = provider.missing?.(wanted)
  return missing === undefined ? undefined : `The handshake ${name} ${missing}`
}

function readWanted({ challenge, verify }: ChallengedEndpoint): Wanted | undefined {
  if (challenge === false) return undefined
  if (typeof challenge === 'string') return { type: challenge, tokens: [], verify }
  const scheme = verify && isKnown(verify.scheme) ? verify.scheme : undefined
  if (challenge) return { ...challenge, type: challenge.type ?? scheme, verify }
  // Without a token, whoever verifies Meta answers its handshake elsewhere, or has done so already.
  return scheme === undefined || scheme === 'meta' ? undefined : { type: scheme, tokens: [], verify }
}

function isKnown(name: string): name is ChallengeName {
  return Object.hasOwn(PROVIDERS, name)
}

/** The answer is a signature, so that a public key or a password will not do. */
function missingKey(verify: Wanted['verify'], schemes: readonly string[]): string | undefined {
  const fits = verify !== undefined && schemes.includes(verify.scheme)
  if (!fits) return `is answered with a signature; it needs verify with scheme ${schemes.join(' or ')} and its secret`
  return readKey(verify).length > 0 ? undefined : 'is answered with a signature; the secret of verify is missing'
}

/** A body that could be a token is refused; a time or an id that could be one, with no body at all, would pass. */
function missingBody(verify: Wanted['verify']): string | undefined {
  const signed = verify?.signed?.source
  return signed === undefined || signed === '${raw}'
    ? undefined
    : 'signs what anybody asks for; it needs verify with the body alone as "signed", ${raw}, as X has it'
}

/** Returns the key with which an endpoint answers a handshake by an HMAC; undefined where it answers none like that. */
export function signingKeyOf(spec: ChallengedEndpoint): Buffer | undefined {
  const wanted = readWanted(spec)
  const signs = wanted?.type === 'x' || (wanted?.type === 'zoom' && spec.method === 'POST')
  return signs && checkChallenge(spec) === undefined ? readKey(spec.verify) : undefined
}

/** Of several secrets the first one signs. */
function toKey(verify: Wanted['verify']): KeyObject {
  return createSecretKey(readKey(verify))
}

function readKey(verify: Wanted['verify']): Buffer {
  return Buffer.from(verify?.secrets[0] ?? '', verify?.keyEncoding ?? 'utf8')
}
