const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Keeps a text on its line: what breaks lines, steers a terminal or turns its direction is written as in JSON. */
export function escapeControls(text: string): string {
  return text.replaceAll(UNSAFE, (one) => SHORT[one] ?? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
