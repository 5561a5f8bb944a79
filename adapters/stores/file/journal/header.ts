import { checksum } from './line'
import { parseJson } from '../operations'

const FORMAT = 'express-callbacks journal'
/** 2 has checksums and numbers, groups, claims, cut logs and removals on a condition; 1 was written by 0.4. */
const VERSION = 2
const OLD_HEADER = JSON.stringify({ format: FORMAT, version: 1 })
const CHECK = /^(.*),"check":"([0-9a-f]{8})"\}$/

/** What the first line of a journal is. A broken or foreign line may look like that of a newer version. */
export type Header =
  | { readonly is: 'known'; readonly first: number }
  | { readonly is: 'older' }
  | { readonly is: 'newer' }
  | { readonly is: 'broken'; readonly looksNewer: boolean }

/** Returns the first line of a journal whose next line has the number `first`. Readers of any version find the version in it. */
export function formatHeader(first: number): string {
  const text = JSON.stringify({ format: FORMAT, version: VERSION, first })
  return `${text.slice(0, -1)},"check":"${checksum(text)}"}\n`
}

/** Reads a first line, without its line break. It counts only when its checksum fits; version 1 has none. */
export function readHeader(line: string): Header {
  if (line === OLD_HEADER) return { is: 'older' }
  const { format, version, first } = parseHeader(line)
  const isOurs = format === FORMAT && typeof version === 'number'
  const looksNewer = isOurs && version > VERSION
  const [, text = '', check] = CHECK.exec(line) ?? []
  if (!isOurs || check !== checksum(`${text}}`)) return { is: 'broken', looksNewer }
  if (looksNewer) return { is: 'newer' }
  return version === VERSION && typeof first === 'number' ? { is: 'known', first } : { is: 'broken', looksNewer }
}

interface Parsed {
  readonly format?: unknown
  readonly version?: unknown
  readonly first?: unknown
}

function parseHeader(line: string): Parsed {
  const header = parseJson(line)
  return typeof header === 'object' && header !== null ? header : {}
}
