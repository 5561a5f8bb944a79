import type { KeyKind } from './keys'
import { unverified } from '../errors'

/** How a signature header is written. */
export type Grammar =
  | { readonly kind: 'plain'; readonly prefix: string }
  /** `t=…,v1=…,v1=…`: names and values; `timestamp` is left out where the header holds no time. */
  | { readonly kind: 'pairs'; readonly separator: string; readonly timestamp?: string; readonly signature: string }
  /** `v1,… v1a,…`: each signature behind its version, which says for what kind of key it is. */
  | { readonly kind: 'versions'; readonly keys: ReadonlyMap<string, KeyKind> }

/** One signature of a header, still encoded. */
export interface WrittenSignature {
  readonly text: string
  /** The kind of key that it is for; any when left out. */
  readonly key: KeyKind | undefined
}

/** The content of a signature header. */
export interface SignatureHeader {
  readonly signatures: readonly WrittenSignature[]
  readonly timestamp: string | undefined
}

const MAX_LENGTH = 8192
const MAX_PAIRS = 20
const MAX_SIGNATURES = 10

/**
 * Reads a signature header. Throws `ERR_UNVERIFIED` when it holds no signature, more than ten, more than 20 entries or
 * 8192 characters, or two timestamps.
 */
export function parseSignatureHeader(header: string, grammar: Grammar): SignatureHeader {
  if (header.length > MAX_LENGTH) throw unverified(`its signature is longer than ${MAX_LENGTH} characters`)
  if (grammar.kind === 'plain') return parsePlain(header, grammar.prefix)
  const found = grammar.kind === 'pairs' ? parsePairs(header, grammar) : parseVersions(header, grammar.keys)
  const { length } = found.signatures
  if (length === 0) throw unverified(`its signature header holds no ${describe(grammar)}`)
  if (length > MAX_SIGNATURES) throw unverified(`it has ${length} signatures; ${MAX_SIGNATURES} are allowed`)
  return found
}

function parsePlain(header: string, prefix: string): SignatureHeader {
  if (!header.startsWith(prefix)) throw unverified(`its signature does not begin with "${prefix}"`)
  return { signatures: [{ text: header.slice(prefix.length), key: undefined }], timestamp: undefined }
}

function parsePairs(header: string, grammar: Extract<Grammar, { kind: 'pairs' }>): SignatureHeader {
  const signatures: WrittenSignature[] = []
  let timestamp: string | undefined
  for (const pair of splitAt(header, grammar.separator)) {
    const end = pair.indexOf('=')
    if (end < 0) continue
    const name = pair.slice(0, end).replace(/^ +/, '')
    const text = pair.slice(end + 1)
    if (name === grammar.signature) signatures.push({ text, key: undefined })
    if (name !== grammar.timestamp) continue
    if (timestamp !== undefined) throw unverified('its signature header holds two timestamps')
    timestamp = text
  }
  return { signatures, timestamp }
}

function parseVersions(header: string, keys: ReadonlyMap<string, KeyKind>): SignatureHeader {
  const signatures = splitAt(header, ' ').flatMap((entry) => {
    const end = entry.indexOf(',')
    const key = keys.get(entry.slice(0, Math.max(end, 0)))
    return key === undefined ? [] : [{ text: entry.slice(end + 1), key }]
  })
  return { signatures, timestamp: undefined }
}

/** Writes a signature header; `key` is the kind of key that signed. Throws an `Error` for a kind that the grammar cannot name. */
export function writeSignatureHeader(
  { text, key, timestamp }: { readonly text: string; readonly key: KeyKind; readonly timestamp: string },
  grammar: Grammar,
): string {
  switch (grammar.kind) {
    case 'plain':
      return grammar.prefix + text
    case 'pairs':
      if (grammar.timestamp === undefined) return `${grammar.signature}=${text}`
      return `${grammar.timestamp}=${timestamp}${grammar.separator}${grammar.signature}=${text}`
    case 'versions': {
      const [version] = [...grammar.keys].find(([, kind]) => kind === key) ?? []
      if (version === undefined) throw new Error(`no version names a signature by ${key}`)
      return `${version},${text}`
    }
  }
}

function splitAt(header: string, separator: string): readonly string[] {
  const entries = header.split(separator, MAX_PAIRS + 1)
  if (entries.length > MAX_PAIRS) throw unverified(`its signature header has more than ${MAX_PAIRS} entries`)
  return entries
}

function describe(grammar: Exclude<Grammar, { kind: 'plain' }>): string {
  return grammar.kind === 'pairs'
    ? `"${grammar.signature}"`
    : [...grammar.keys.keys()].map((key) => `"${key}"`).join(' or ')
}
