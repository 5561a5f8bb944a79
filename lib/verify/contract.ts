import type { Location } from '../base/errors'
import type { Clock } from '../base/contracts'
import type { Params } from '../base/route-syntax'
import type { ListenerRequest } from '../body/request'
import type { Template } from '../template/compile'

/** The hashes of signatures. */
export const ALGORITHMS = ['sha1', 'sha256', 'sha512'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

/** How a signature is written. */
export const ENCODINGS = ['hex', 'base64', 'base64url'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** How a secret is written. */
export const KEY_ENCODINGS = ['utf8', 'hex', 'base64'] as const
export type KeyEncoding = (typeof KEY_ENCODINGS)[number]

/** How a time of sending is written. */
export const TIMESTAMP_UNITS = ['s', 'ms', 'iso'] as const
export type TimestampUnit = (typeof TIMESTAMP_UNITS)[number]

/** `verify` of an endpoint: how a sender proves itself. An undefined key is left to the scheme. */
export interface VerifySpec<Scheme extends string = string> {
  readonly at: string
  readonly location: Location | undefined
  readonly scheme: Scheme
  /** Shared secrets or public keys, none of them blank; empty only for schemes that fetch their keys. */
  readonly secrets: readonly string[]
  readonly algorithm: Algorithm | undefined
  readonly signature: Template | undefined
  readonly prefix: string | undefined
  readonly encoding: Encoding | undefined
  readonly keyEncoding: KeyEncoding | undefined
  readonly timestamp: Template | undefined
  readonly timestampUnit: TimestampUnit | undefined
  readonly id: Template | undefined
  readonly signed: Template | undefined
  /** The topics of Amazon SNS whose messages are believed, by their ARN; undefined for any. */
  readonly topics: readonly string[] | undefined
  /** At least a second. */
  readonly toleranceMs: number | undefined
  /** Whether ids may be read from parts of a request that are not signed. */
  readonly unsignedIds: boolean
}

/** What verification needs besides the config of one endpoint. */
export interface VerifyContext {
  readonly clock: Clock
  readonly env: Readonly<Record<string, string>>
  /** Returns the URL that the sender called and signs: public URL, original path and query. */
  readonly publicUrlOf: (request: ListenerRequest) => string
  /** Fetches the keys of senders that publish them. */
  readonly fetch: typeof globalThis.fetch
  /** The `item` of the endpoint, for templates that read it; without it, the item is the body. */
  readonly item?: Template | undefined
}

/**
 * Throws `ERR_UNVERIFIED` for a request that does not prove its sender; asynchronous only for schemes that fetch keys, or
 * read proof from a long body. `raw` is the body as it came; `params` are those of the route.
 */
export type Verify = (request: ListenerRequest, raw: Buffer, params?: Params) => void | Promise<void>

/** Throws `ERR_UNVERIFIED` for an item that does not prove its sender. */
export type VerifyItem = (item: unknown) => void

/** A request before its sender has signed it. Names of headers are in lower case; a value holds one character for each byte. */
export interface UnsignedRequest {
  readonly method: string
  /** The URL that the receiver has in public, before path and query, as in https://example.com. */
  readonly publicUrl: string
  /** The path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** The parameters of the route. */
  readonly params?: Params
}

/** What a sender knows besides the config of one endpoint. */
export interface SignOptions {
  /** The private key of a scheme whose receivers have the public one: PEM, or `whsk_…` of Standard Webhooks. */
  readonly privateKey?: string | undefined
  /** Whether the proof is spoilt, so that no receiver believes it; default: false. */
  readonly isForged?: boolean
  /** The variables that the templates of `verify` read; default: none. */
  readonly env?: Readonly<Record<string, string>>
  /** The `item` of the endpoint, for templates that read it; without it, the item is the body. */
  readonly item?: Template | undefined
}

/**
 * Returns the request with the proof of its sender, at a time in milliseconds since the epoch. A timestamp or an id that the
 * request has already stays. Rejects with `ERR_CONFIG_VALUE` where the proof has no place, and `ERR_UNVERIFIED` for a request
 * that no receiver would believe.
 */
export type Sign = (request: UnsignedRequest, at: number) => Promise<UnsignedRequest>
