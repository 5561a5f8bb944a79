/** A path that holds one of these may be written in several ways: `%`, `//`, and what is no printable ASCII. */
const UNUSUAL = /%|\/\/|[^\x21-\x7e]/

const ENCODED = /(?:%[\da-f]{2})+|%/gi

/**
 * Returns the key that all spellings of one path share: any case, percent-encoded or not, composed or not (NFC), one
 * slash or several, with or without the slashes at its ends. An encoded slash stays distinct from a slash, and bytes
 * that are no UTF-8 stay encoded (RFC 3986, 6.2.2). Ordinary paths cost one scan.
 */
export function toPathKey(path: string): string {
  const clean = isUnusual(path) ? cleanLiteral(path) : path
  const start = clean.startsWith('/') ? clean : `/${clean}`
  const end = start.length > 1 && start.endsWith('/') ? -1 : undefined
  return start.slice(0, end).toLowerCase()
}

/** Returns a text without the slashes at its end, in one scan: a pattern would go back over many slashes in its middle. */
export function trimEnd(text: string): string {
  let end = text.length
  while (text[end - 1] === '/') end -= 1
  return text.slice(0, end)
}

/** Returns a path with one slash in front and none at its end; the root is empty. */
export function trimPath(path: string): string {
  let start = 0
  while (path[start] === '/') start += 1
  const inner = trimEnd(path.slice(start))
  return inner === '' ? '' : `/${inner}`
}

/** Whether two texts write the same path. */
export function isSamePath(one: string, other: string): boolean {
  return toPathKey(one) === toPathKey(other)
}

/** Whether a path holds what can be written in several ways, beside its case and the slash at its end. */
export function isUnusual(path: string): boolean {
  return UNUSUAL.test(path)
}

/**
 * Returns a path with its percent-encoded characters decoded, except `/` and `%`. What cannot be decoded stays as it is,
 * and a `%` without two hex digits is doubled, so that it does not join what is decoded behind it.
 */
export function decodePath(path: string): string {
  return path.includes('%') ? path.replace(ENCODED, decodeRun) : path
}

/** Returns a path decoded and composed (NFC), with one slash where several stand in a row. */
export function cleanPath(path: string): string {
  return decodePath(path)
    .normalize('NFC')
    .replaceAll(/\/{2,}/g, '/')
}

/** Returns the same of a path that is compared as text, in which a `%` without two hex digits is the character. */
export function cleanLiteral(path: string): string {
  return cleanPath(path).replaceAll('%%', '%25')
}

function decodeRun(run: string): string {
  if (run === '%') return '%%'
  try {
    return decodeURIComponent(run.replaceAll(/%(?=2f|25)/gi, '%25')).replaceAll('%2f', '%2F')
  } catch {
    return run.toUpperCase()
  }
}

/**
 * Returns a path as it is written in a URL: all that may not stand there is percent-encoded, and what is encoded
 * already stays so (RFC 3986, 3.3).
 */
export function toUrlPath(path: string): string {
  return path
    .replaceAll(/%(?![\da-f]{2})/gi, '%25')
    .replaceAll(/\p{Surrogate}/gu, '\uFFFD')
    .replaceAll(/[^\w\-.~!$&'()*+,;=:@/%]+/gu, encodeURIComponent)
}

/** Takes a prefix off a path, however both are written: the rest with a leading slash; undefined without the prefix. */
export type StripPrefix = (path: string) => string | undefined

/** Compiles what takes a prefix off paths, segment by segment; an empty prefix leaves every path as it is. */
export function compileStrip(prefix: string): StripPrefix {
  const wanted = prefix.split('/').filter(Boolean).map(toPathKey)
  if (wanted.length === 0) return (path) => path
  return (path) => {
    let at = 0
    for (const segment of wanted) {
      while (path[at] === '/') at += 1
      const slash = path.indexOf('/', at)
      const end = slash < 0 ? path.length : slash
      if (toPathKey(path.slice(at, end)) !== segment) return undefined
      at = end
    }
    return at === path.length ? '/' : path.slice(at)
  }
}
