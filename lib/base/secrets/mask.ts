/** Replaces secrets in a text by `[redacted]`. */
export type Mask = (text: string) => string

/** The text that replaces a secret. */
export const REDACTED = '[redacted]'

/** A shorter text occurs in harmless texts, too. */
const SHORTEST = 6

/** Returns a URL without user and password, as it may be shown. */
export function withoutUser(url: string): string {
  return url.replace(/^([a-z][\w+.-]*:\/\/)[^/?#]*@/i, '$1')
}

/** Creates a mask for the spellings of secrets that `listSpellings` returned. */
export function createMask(spellings: readonly string[]): Mask {
  if (spellings.length === 0) return (text) => text
  const pattern = new RegExp(spellings.map(escapePattern).join('|'), 'g')
  return (text) => text.replace(pattern, REDACTED)
}

/** The same for short messages that quote values: also the beginning of a secret that was cut, with `…` behind it. */
export function createMessageMask(spellings: readonly string[]): Mask {
  const mask = createMask(spellings)
  return (text) => maskCut(mask(text), spellings)
}

/**
 * Secrets as they are, in URLs, forms, JSON and base64; the longest first, since a secret may hold another. Those with
 * fewer than six characters are none.
 */
export function listSpellings(secrets: readonly string[]): readonly string[] {
  const long = secrets.filter((secret) => secret.length >= SHORTEST)
  return [...new Set(long.flatMap(spell))].toSorted((one, other) => other.length - one.length)
}

function spell(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const inForm = new URLSearchParams([['', secret]]).toString().slice(1)
  const inJson = JSON.stringify(secret).slice(1, -1)
  const encoded = [bytes.toString('base64'), bytes.toString('base64url')]
  return [secret, encodeURIComponent(bytes.toString()), inForm, inJson, ...encoded]
}

/** Messages cut what they quote, and write `…` behind it. */
function maskCut(text: string, spellings: readonly string[]): string {
  const [head = '', ...rest] = text.split('…')
  if (rest.length === 0) return text
  return rest.reduce((whole, part) => `${cutEnd(whole, spellings)}…${part}`, head)
}

function cutEnd(text: string, spellings: readonly string[]): string {
  for (const secret of spellings) {
    for (let length = Math.min(secret.length, text.length); length >= SHORTEST; length -= 1) {
      if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length) + REDACTED
    }
  }
  return text
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)
}
