/** The text in front of a value, and the parts behind it: texts and other values. */
interface Around {
  readonly before: string
  readonly after: readonly unknown[]
}

/** A value in front of the path. */
interface HostValue {
  readonly text: string
  /** Whether the config alone still decides where the request goes. */
  readonly isFixed: boolean
}

const LONE_SURROGATE = /\p{Surrogate}/u
const SCHEME = /^[a-z][a-z0-9+.-]*$/i
/** A URL that more can follow. */
const URL_PREFIX = /^https?:\/\/[^/\\?#\s]+(?:\/[^?#\\\s]*)?$/i
const HOST_PART = /^[\w.:[\]-]+$/
const LABEL = /^[a-z0-9-]+$/i
/** Two labels or more, which the value only stands below. */
const DOMAIN = /^(?:\.[^.:@]+){2,}(?::\d+)?$/

/**
 * Places a value in front of the path of a URL: as its beginning, its scheme, a part of its userinfo (encoded), or a part
 * of its host. Returns undefined for a value that could lead anywhere else. The origin stays that of the config where
 * the value is one label below a domain that the config names, and in the userinfo.
 */
export function placeHostValue(text: string, { before, after }: Around): HostValue | undefined {
  const rest = readAuthority(after)
  if (before === '') {
    const isScheme = typeof after[0] === 'string' && after[0].startsWith('://')
    return (isScheme ? SCHEME : URL_PREFIX).test(text) ? { text, isFixed: false } : undefined
  }
  if (rest.some((part) => part?.includes('@'))) {
    return LONE_SURROGATE.test(text) ? undefined : { text: encodeURIComponent(text), isFixed: true }
  }
  if (!HOST_PART.test(text)) return undefined
  return { text, isFixed: LABEL.test(text) && rest.length === 1 && DOMAIN.test(rest[0] ?? '') }
}

/** What follows up to the path; undefined stands for another value. */
function readAuthority(after: readonly unknown[]): readonly (string | undefined)[] {
  const rest: (string | undefined)[] = []
  for (const part of after) {
    if (typeof part !== 'string') {
      rest.push(undefined)
      continue
    }
    const [authority = '', path] = part.split(/[/\\?#](.*)/s)
    rest.push(authority)
    if (path !== undefined) break
  }
  return rest
}
