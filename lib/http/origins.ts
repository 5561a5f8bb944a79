import { isUint8Array } from 'node:util/types'
import { isMapping } from '../base/values/plain'
import { parseForm } from '../body/form'
import { createMask, listSpellings } from '../base/secrets/mask'
import { isSecretName } from '../base/secrets/secret-names'
import { type HttpRequest, unescapePart } from './request/request'
import { headerSecrets } from './secrets'

/** A request that another origin may see, and what was taken out of it, by name. */
export interface Stripped {
  readonly url: URL
  readonly headers: HttpRequest['headers']
  readonly dropped: readonly string[]
}

/** Finds out what of one request belongs to the origin of its component. */
export interface Belongings {
  /** Takes out headers and query values that are secret or named like a secret; the names in `givenQuery`, which came with the URL, do not count. */
  strip(url: URL, headers: HttpRequest['headers'], givenQuery: string): Stripped
  /** Whether the path holds a secret, so that no request may go there. */
  isInPath(url: URL): boolean
  /** Whether the body holds a secret, or a field that is named like one. */
  isInBody(): boolean
}

const MAX_DEPTH = 20

/** Whether a request to this URL leaves the origins that the config names for it. */
export function leaves(homes: readonly string[], url: URL): boolean {
  return !homes.some((home) => home === url.origin || isUpgrade(home, url))
}

/** The same host with TLS, each on its standard port; the way back is another origin. */
function isUpgrade(home: string, url: URL): boolean {
  return home.startsWith('http://') && url.port === '' && url.origin === home.replace('http:', 'https:')
}

/** Collects the secrets of a request: those that are `known`, and the values in it that are named like them. */
export function createBelongings(request: HttpRequest, known: readonly string[]): Belongings {
  const ownQuery = [...request.url.searchParams].flatMap(([name, value]) => (isSecretName(name) ? [value] : []))
  const foreign = new Set(new URLSearchParams(request.givenQuery).values())
  const query = ownQuery.filter((value) => !foreign.has(value))
  const own = [...headerSecrets(request.headers), ...query, ...namedIn(request.body)]
  const spellings = listSpellings([...known, ...own])
  const mask = createMask(spellings)
  const holds = (text: string): boolean => mask(text) !== text

  function keepsHeader([name, value]: readonly [string, string]): boolean {
    return !isSecretName(name) && !holds(value)
  }

  function keepsPair(pair: string, given: ReadonlySet<string>): boolean {
    const [[name = '', value = ''] = []] = new URLSearchParams(pair)
    return !holds(pair) && !holds(value) && (given.has(pair) || !isSecretName(name))
  }

  function holdsValue(value: unknown, depth = 0): boolean {
    if (depth > MAX_DEPTH) return true
    if (typeof value === 'string') return holds(value)
    if (isUint8Array(value)) return spellings.some((secret) => Buffer.from(value).includes(secret))
    if (typeof value !== 'object' || value === null) return false
    return Object.entries(value).some(([name, item]) => holds(name) || holdsValue(item, depth + 1))
  }

  return {
    strip(url, headers, givenQuery) {
      const pairs = url.search.slice(1).split('&')
      const given = new Set(givenQuery.split('&'))
      const kept = pairs.filter((pair) => pair === '' || keepsPair(pair, given))
      const next = new URL(url)
      if (kept.length < pairs.length) next.search = kept.join('&')
      const left = Object.entries(headers).filter(keepsHeader)
      const lost = pairs.filter((pair) => !kept.includes(pair)).map((pair) => `?${pair.split('=')[0]}`)
      const names = Object.keys(headers).filter((name) => !left.some(([one]) => one === name))
      return { url: next, headers: Object.fromEntries(left), dropped: [...names, ...lost] }
    },
    isInPath: ({ pathname }) => holds(pathname) || holds(unescapePart(pathname)),
    isInBody: () => namedIn(request.body).length > 0 || holdsValue(request.body),
  }
}

/** The values of fields that are named like secrets; texts are read as JSON or as a form where they are such. */
function namedIn(body: unknown, depth = 0): readonly string[] {
  if (depth > MAX_DEPTH) return []
  if (typeof body === 'string' || isUint8Array(body)) return depth === 0 ? namedIn(readText(body), 1) : []
  if (Array.isArray(body)) return body.flatMap((item) => namedIn(item, depth + 1))
  if (!isMapping(body)) return []
  return Object.entries(body).flatMap(([name, item]) => {
    if (typeof item === 'object' && item !== null) return isSecretName(name) ? textsIn(item) : namedIn(item, depth + 1)
    return isSecretName(name) && item !== null && item !== undefined && item !== '' ? [String(item)] : []
  })
}

function textsIn(value: unknown, depth = 0): readonly string[] {
  if (typeof value !== 'object' || value === null) return value === '' ? [] : [String(value)]
  return depth > MAX_DEPTH ? [] : Object.values(value).flatMap((item) => textsIn(item, depth + 1))
}

function readText(body: string | Uint8Array): unknown {
  const text = Buffer.from(body).toString()
  try {
    return JSON.parse(text)
  } catch {
    return /^[^\s<=&]+=/.test(text) ? parseForm(text) : undefined
  }
}
