import { createHash } from 'node:crypto'

/** The longest name that PostgreSQL takes, in bytes; it cuts longer ones short, so that two might become one. */
const MAX_BYTES = 63
const MAX_READABLE = 30

/**
 * Returns the name of the schema of a prefix, which is the name of its channel of messages too. Two prefixes never share
 * one, and no prefix names a schema of the app. Another name would leave the records of existing stores behind.
 */
export function schemaNameOf(prefix: string): string {
  const name = `callbacks:${prefix}`
  if (Buffer.byteLength(name) <= MAX_BYTES && !/[$\p{Cc}\p{Cs}]/u.test(name)) return name
  const readable = prefix.replaceAll(/[^\w.:/-]/g, '').slice(0, MAX_READABLE)
  return `callbacks:${readable}#${createHash('sha256').update(prefix).digest('hex').slice(0, 16)}`
}

/** Writes a name so that it can stand in a statement, whatever it holds. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Writes a text so that it can stand in a statement, whatever it holds. */
export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}
