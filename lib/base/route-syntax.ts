import { compile, match, parse, stringify, type Token, TokenData } from 'path-to-regexp'
import { cleanLiteral, toPathKey, toUrlPath, trimEnd } from './same-path'

/** Parses a path in the syntax of Express 5; its texts are written in one way (`cleanLiteral`). Throws for bad syntax. */
export function parseRoute(path: string): TokenData {
  return new TokenData(parse(path).tokens.map(cleanToken), path)
}

function cleanToken(token: Token): Token {
  if (token.type === 'text') return { type: 'text', value: cleanLiteral(token.value) }
  return token.type === 'group' ? { type: 'group', tokens: token.tokens.map(cleanToken) } : token
}

/** What path parameters hold: a list for a `*wildcard`. */
export type Params = Readonly<Record<string, string | string[] | undefined>>

/** The start of a path that has matched, and its parameters. */
export interface Matched {
  readonly path: string
  readonly params: Params
}

/** Matches a path that is decoded (`decodePath`); one whose parameters cannot be decoded matches nothing. */
export type MatchPath = (path: string) => Matched | undefined

/** Compiles what matches a route; without `end`, a longer path matches too. */
export function compileMatch(route: string, { end = true } = {}): MatchPath {
  const matches = match<Record<string, string | string[]>>(parseRoute(route), { end })
  return (path) => {
    try {
      return matches(path) || undefined
    } catch (error) {
      if (error instanceof URIError) return undefined
      throw error
    }
  }
}

/** Writes a route with its parameters as the path of a URL; those of a `*wildcard` have slashes. Throws for one that is missing. */
export function fillRoute(route: string, params: Readonly<Record<string, string>>): string {
  const { tokens } = parse(route)
  const wildcards = new Set(tokens.flatMap((token) => (token.type === 'wildcard' ? [token.name] : [])))
  const values = Object.entries(params).map(([name, value]) => [name, wildcards.has(name) ? value.split('/') : value])
  return toUrlPath(compile(route)(Object.fromEntries(values)))
}

/** Returns the text of a path that has no parameters, without the backslashes of the syntax; undefined for others. */
export function readLiteralPath(path: string): string | undefined {
  const { tokens } = parse(path)
  const [token] = tokens
  if (token === undefined) return '/'
  return tokens.length === 1 && token.type === 'text' ? token.value : undefined
}

/** Names of parameters decide nothing: `/a/:id` and `/a/:key` take the same requests. */
function withoutName(token: Token): Token {
  if (token.type === 'text') return token
  return token.type === 'group'
    ? { type: 'group', tokens: token.tokens.map(withoutName) }
    : { type: token.type, name: 'x' }
}

/** Returns the key that routes share which answer the same requests: however their paths are written. */
export function toRouteKey(method: string, path: string): string {
  const written = stringify(new TokenData(parseRoute(path).tokens.map(withoutName))).toLowerCase()
  return `${method} ${trimEnd(written)}`
}

/** Returns the keys by which a path of the config is named: as it is written there, and without backslashes. */
export function listPathKeys(path: string): readonly string[] {
  return [...new Set([path, readLiteralPath(path) ?? path].map(toPathKey))]
}
