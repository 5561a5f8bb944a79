import { isIP } from 'node:net'

/** Reads public URLs in lines of a program's output. */
export type ReadUrl = (line: string) => FoundUrl | undefined

/** What a line holds where an URL is looked for. */
export type FoundUrl =
  { readonly kind: 'url'; readonly publicUrl: string } | { readonly kind: 'bad'; readonly text: string }

/**
 * Creates a reader of URLs by a pattern of the config: its group `url`, else its first group, else the whole match.
 * A name without a scheme is taken for HTTPS; with a port, as TCP tunnels have it, for HTTP.
 */
export function createPatternUrl(pattern: RegExp): ReadUrl {
  const find = withoutState(pattern)
  return (line) => {
    const match = find.exec(line)
    if (match === null) return undefined
    const text = (match.groups?.['url'] ?? match[1] ?? match[0]).trim()
    const publicUrl = toUrl(text)
    return publicUrl === undefined ? { kind: 'bad', text } : { kind: 'url', publicUrl }
  }
}

/**
 * Creates a reader of URLs without a pattern. It finds the first URL of a public host that has no path, since links to
 * help pages have one. It finds no second URL, since a caller may be the author of what the program logs later.
 */
export function createFirstUrl(): ReadUrl {
  let found: FoundUrl | undefined
  return (line) => {
    if (found) return undefined
    const publicUrl = (line.match(URLS) ?? []).map(trimEnd).find(isPublicOrigin)
    if (publicUrl !== undefined) found = { kind: 'url', publicUrl }
    return found
  }
}

/** Returns a copy of a pattern that starts at the beginning of each text. */
export function withoutState({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replace(/[gy]/g, ''))
}

const URLS = /https?:\/\/[^\s"'`<>|\\^{}()…→«»‹›“”‘’]+/gi

/** Cuts off what ends a sentence. A bracket belongs to the URL when it was opened there, as in `http://[::1]`. */
function trimEnd(url: string): string {
  const text = url.replace(/(?<![.,;:!?*])[.,;:!?*]+$/, '')
  return text.includes('[') ? text : text.replace(/\].*$/, '')
}

function isPublicOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { hostname, pathname, search, hash, username } = new URL(text)
  return pathname === '/' && search + hash + username === '' && isPublicHost(hostname)
}

/** Addresses of this machine, of local networks, and those that a provider or a VPN shares out (RFC 6890). */
const LOCAL = /^(?:0|10|127|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./

/** Whether a host may be reached from elsewhere; addresses of a local network are not. */
function isPublicHost(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '')
  if (isIP(address) === 4) return !LOCAL.test(address)
  if (isIP(address) === 6) return !/^(?:::|fe80|f[cd])/i.test(address)
  return address.includes('.') && !/\.(?:localhost|local|internal|lan)\.?$/i.test(address)
}

function toUrl(text: string): string | undefined {
  if (/^https?:\/\//i.test(text)) return URL.canParse(text) ? text : undefined
  const [, host, port] = /^([\p{L}\p{N}.-]+|\[[\da-f:.]+\])(?::(\d+))?(?:\/\S*)?$/iu.exec(text) ?? []
  if (host === undefined || !/[.:]/.test(host)) return undefined
  const url = `${port === undefined || port === '443' ? 'https' : 'http'}://${text}`
  return URL.canParse(url) ? url : undefined
}
