import { CallbackError } from '../../base/errors'
import { type Placeholder, splitTemplate } from '../../template/split'
import type { Template } from '../../template/compile'
import { toText } from '../../template/convert'
import { placeHostValue } from './url-host'

/** The keys of a config that make a URL. */
export type UrlKey = 'base_url' | 'endpoint' | 'path'

/** A rendered part of a URL. */
export interface UrlText {
  readonly text: string
  /** Whether the config alone decides the origin in it, if it has one. */
  readonly isFixed: boolean
  /** The query of a URL that a value gave as a whole, without `?`. */
  readonly givenQuery: string
  /** Whether a header gave a path from the root of the server, as `Location: /jobs/7` (RFC 9110, 10.2.2). */
  readonly isRooted?: boolean
}

/** Renders a part of a URL. Throws `ERR_CONFIG_VALUE` for a value that cannot stand in its place. */
export type RenderUrlText = (scope: object) => UrlText

/** Literal text, values of the config included, or a value from elsewhere. */
type Token = string | Placeholder

/** Stands in front of each value until all is checked; no other text holds it. */
const MARK = '\0'
const CONFIG_SOURCES: ReadonlySet<string> = new Set(['env', 'gateway'])
const WHOLE = /^https?:\/\//i
/** The URL parser takes these out, wherever they stand (WHATWG URL). */
const IGNORED = /[\t\n\r\0]/g

/**
 * Compiles a part of a URL, so that each value stays where its template stands: percent-encoded in a segment of the path
 * or in the query, one part of a name in the host. A template that is all of the text is taken as it stands.
 */
export function compileUrlText(template: Template, key: UrlKey, at: string): RenderUrlText {
  const { source } = template
  if (typeof source !== 'string') return (scope) => fixed(toText(template.render(scope)))
  const parts = splitTemplate(source.trim(), at)
  const [only] = parts
  if (parts.length === 1 && typeof only === 'object') return compileWhole(only, key, at)
  return (scope) => {
    const tokens = parts.map((part) => (isOfConfig(part) ? readText(part, scope, key, at) : part))
    return joinTokens(mergeTexts(tokens), { scope, key, at })
  }
}

function fixed(text: string): UrlText {
  return { text, isFixed: true, givenQuery: '' }
}

function compileWhole(placeholder: Placeholder, key: UrlKey, at: string): RenderUrlText {
  const isHeader = placeholder.sources.every((name) => name === 'header')
  return (scope) => {
    const text = readText(placeholder, scope, key, at).trim()
    if (text === '' && !placeholder.mayBeEmpty) throw refuseEmpty(placeholder, 'empty', key, at)
    if (isOfConfig(placeholder)) return fixed(text)
    const [, givenQuery = ''] = text.replace(/#.*$/s, '').split(/\?(.*)/s)
    const isRooted = isHeader && /^\/(?!\/)/.test(text)
    return { text, isFixed: key === 'path' && !WHOLE.test(text), givenQuery, isRooted }
  }
}

/** The environment and the gateways are part of the config: nobody sends them in. */
function isOfConfig(part: Token): part is Placeholder {
  return typeof part !== 'string' && part.sources.length > 0 && part.sources.every((name) => CONFIG_SOURCES.has(name))
}

function mergeTexts(tokens: readonly Token[]): readonly Token[] {
  const merged: Token[] = []
  for (const token of tokens) {
    const last = merged.at(-1)
    const text = typeof token === 'string' ? token.replace(IGNORED, '') : token
    if (typeof text === 'string' && typeof last === 'string') merged.splice(-1, 1, last + text)
    else merged.push(text)
  }
  return merged
}

interface Place {
  readonly scope: object
  readonly key: UrlKey
  readonly at: string
}

function joinTokens(tokens: readonly Token[], place: Place): UrlText {
  const [first] = tokens
  const beginsWhole = typeof first === 'string' && WHOLE.test(first)
  let text = ''
  let isFixed = beginsWhole || place.key === 'path' || tokens.every((token) => typeof token === 'string')
  for (const [index, token] of tokens.entries()) {
    if (text.includes('#')) break
    if (typeof token === 'string') text += token
    else if (isInOrigin(text, place.key)) {
      const value = readText(token, place.scope, place.key, place.at)
      const placed = placeHostValue(value, { before: text.replaceAll(MARK, ''), after: tokens.slice(index + 1) })
      if (placed === undefined)
        throw refuse(place.at, `${describe(token, place.key)} cannot be used there: ${HOST_RULE}`)
      text += MARK + placed.text
      isFixed &&= placed.isFixed
    } else text += MARK + encodeValue(token, text, place)
  }
  refuseDotSegments(text, tokens, place)
  const written = text.replaceAll(MARK, '')
  // No value makes a path a whole URL.
  const isJoined = place.key === 'path' && !beginsWhole && WHOLE.test(written)
  return { text: isJoined ? `/${written}` : written, isFixed, givenQuery: '' }
}

/** What `encodeURIComponent` writes. */
const ENCODED = /^(?:[\w.~!'()*-]|%[0-9a-f]{2})*$/i
const LONE_SURROGATE = /\p{Surrogate}/u
const HOST_RULE = 'the scheme and host of a URL take letters, digits, ".", "-" and a port, or a URL in front of a path'

/** Whether the next value stands in front of the path. */
function isInOrigin(text: string, key: UrlKey): boolean {
  return (text === '' && key !== 'path') || /^[a-z]+:\/\/[^/\\?#]*$/i.test(text.replaceAll(MARK, ''))
}

function encodeValue(placeholder: Placeholder, before: string, { scope, key, at }: Place): string {
  const value = readText(placeholder, scope, key, at)
  if (/%[0-9a-f]?$/i.test(before))
    throw refuse(at, `A "%" stands in front of ${describe(placeholder, key)}; write it as %25`)
  if (before === '' && WHOLE.test(value))
    throw refuse(
      at,
      `${describe(placeholder, key)} is a whole URL, but more follows it; write endpoint, or the template alone`,
    )
  // A lone surrogate has no UTF-8, and would arrive as another character.
  if (LONE_SURROGATE.test(value))
    throw refuse(at, `${describe(placeholder, key)} holds half a character (a lone surrogate)`)
  return placeholder.isEncoded && ENCODED.test(value) ? value : encodeURIComponent(value)
}

/** Together with the text around it, a value must not lead to another segment (WHATWG URL: also `%2e`). */
function refuseDotSegments(text: string, tokens: readonly Token[], { key, at }: Place): void {
  const segments = (text.split(/[?#]/)[0] ?? '').split(/[/\\]/)
  const isDots = (segment: string): boolean => /^(?:\.|%2e){1,2}$/i.test(segment.replaceAll(MARK, ''))
  if (!segments.some((segment) => segment.includes(MARK) && isDots(segment))) return
  const names = tokens.flatMap((token) => (typeof token === 'string' ? [] : [token.text])).join(', ')
  throw refuse(at, `A value in the ${key} makes a segment "." or "..", which leads elsewhere; look at ${names}`)
}

function readText(placeholder: Placeholder, scope: object, key: UrlKey, at: string): string {
  const value = placeholder.render(scope)
  const isMissing = value === null || value === undefined
  if ((isMissing || value === '') && !placeholder.mayBeEmpty)
    throw refuseEmpty(placeholder, isMissing ? 'missing' : 'empty', key, at)
  if (typeof value === 'object' && value !== null) {
    const found = Array.isArray(value) ? 'a list' : ArrayBuffer.isView(value) ? 'bytes' : 'a mapping'
    throw refuse(at, `${describe(placeholder, key)} is ${found}; a URL takes a text, a number or a boolean`)
  }
  return toText(value)
}

function refuseEmpty(placeholder: Placeholder, found: string, key: UrlKey, at: string): CallbackError {
  const advice = key === 'path' ? `; if it may be empty, write ${placeholder.text.slice(0, -1).trimEnd()} | ""}` : ''
  return refuse(at, `${describe(placeholder, key)} is ${found}, so nothing is sent${advice}`)
}

function describe({ text }: Placeholder, key: UrlKey): string {
  return `${text} in the ${key}`
}

function refuse(at: string, message: string): CallbackError {
  return new CallbackError('ERR_CONFIG_VALUE', { at, message })
}
