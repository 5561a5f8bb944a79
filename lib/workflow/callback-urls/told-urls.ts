import type { HttpRequest } from '../../http/request/request'

/** A URL that a request tells to the service. */
export interface ToldUrl {
  readonly url: URL
  /** The key that it stands under, or the name of its parameter or header; empty in a text. */
  readonly name: string
  /** Whether its path was written with spaces, as only a known path may be: a sentence may begin with a URL. */
  readonly hasSpaces: boolean
}

/** No server takes a longer URL, and a text may come from input. */
const MAX_URL = 8192

/**
 * Lists the URLs in the body, the query and the headers of a request, each once. Only a text that is a URL as a whole
 * counts; a body that is nothing but text (XML, say) is searched for URLs.
 */
export function listToldUrls({ url, headers, body }: HttpRequest): readonly ToldUrl[] {
  const told = new Map<string, ToldUrl>()
  for (const [name, text] of [
    ...namedTexts(body),
    ...url.searchParams,
    ...Object.entries(headers),
    ...searchText(body),
  ]) {
    const found = parseToldUrl(text, name)
    if (found && !told.has(found.url.href)) told.set(found.url.href, found)
  }
  return [...told.values()]
}

/** Reads a text that is a URL as a whole; undefined for others. A space counts as part of its path only. */
export function parseToldUrl(text: string, name: string): ToldUrl | undefined {
  const trimmed = text.trim()
  if (trimmed.length > MAX_URL || !/^https?:\/\/[^\s?#]+(?: +[^\s?#]+)*(?:[?#]\S*)?$/i.test(trimmed)) return undefined
  if (!URL.canParse(trimmed)) return undefined
  return { url: new URL(trimmed), name, hasSpaces: trimmed.includes(' ') }
}

/** A text may be JSON, or hold URLs between other things, and paths with spaces in quotes or tags. */
function searchText(body: unknown): readonly (readonly [string, string])[] {
  if (typeof body !== 'string') return []
  const json = parseJson(body)
  if (json !== undefined) return [...namedTexts(json)]
  const words = body.match(/https?:\/\/[^\s"'<>]+/gi) ?? []
  const quoted = body.match(/(?<=["'>])https?:\/\/[^\r\n\t"'<>]+(?=["'<])/gi) ?? []
  return [...words, ...quoted].map((text) => ['', text])
}

function parseJson(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return Object(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** The texts in a value with the keys that they stand under. A value that holds itself is looked at once. */
function* namedTexts(value: unknown, name = '', seen: Set<object> = new Set()): Generator<readonly [string, string]> {
  if (typeof value === 'string') yield [name, value]
  else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !seen.has(value)) {
    seen.add(value)
    for (const [key, item] of Object.entries(value)) yield* namedTexts(item, Array.isArray(value) ? name : key, seen)
  }
}
