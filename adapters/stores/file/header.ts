import { parseJson } from './operations'

const FORMAT = 'express-callbacks journal'
/** 2 knows groups, claims, cut logs and removals on a condition; 1 was written by 0.4. */
const VERSION = 2

/** The first line of a journal. */
export const HEADER = `${JSON.stringify({ format: FORMAT, version: VERSION })}\n`

/** Returns what a first line is: of this format, of an older or newer version of it, or of something else. */
export function judgeHeader(line: string): 'known' | 'older' | 'newer' | 'foreign' {
  const header = parseJson(line)
  if (typeof header !== 'object' || header === null) return 'foreign'
  const { format, version }: { format?: unknown; version?: unknown } = header
  if (format !== FORMAT || typeof version !== 'number') return 'foreign'
  if (version > VERSION) return 'newer'
  return version < VERSION ? 'older' : 'known'
}
