import type { Hmac } from 'node:crypto'
import type { VerifySpec } from '../config/normalize-verify'
import { compileTemplate } from '../template/compile'
import { toText } from '../template/convert'
import { type Node, parseTemplate } from '../template/parse'
import type { SignedMessage } from './signature-message'
import { guardTemplate, plainPath, readHeader } from './signature-source'
import { misconfigured, unverified } from './verify-errors'

/** The bytes that a sender signs. */
export interface Signed {
  /** The placeholders as they were written, one after the other. */
  readonly placeholders: readonly string[]
  /** What they read: the names of sources. */
  readonly sources: ReadonlySet<string>
  /** Feeds the bytes to a hash, without making one piece of them. */
  readonly feed: (hash: Hmac, message: SignedMessage) => Hmac
  readonly join: (message: SignedMessage) => Buffer
}

/** One piece of what is signed. A text is encoded as it says. */
interface Part {
  readonly read: (message: SignedMessage) => Buffer | string
  readonly encoding: 'latin1' | 'utf8'
}

/** What says that the body is signed. */
const BODY_SOURCES = ['raw', 'sha256', 'body', 'item']

/**
 * Compiles the template of what is signed into pieces. The body goes in as the bytes that came, never through text:
 * what has no UTF-8 form, `$&` and `${…}` in it stay what they are. Throws `ERR_CONFIG_VALUE` for a template that
 * signs nothing or needs the raw body as text. A body that is no part of it makes requests `ERR_UNVERIFIED`.
 */
export function compileSigned(template: string, idEncoding: 'latin1' | 'utf8', spec: VerifySpec): Signed {
  const tree = parseTemplate(template)
  const nodes = tree.kind === 'text' ? tree.parts : [tree]
  const placeholders = nodes.filter((node) => typeof node !== 'string' && node.kind === 'placeholder')
  const sources = new Set(compileTemplate(template, { at: spec.at }).references.map(({ source }) => source))
  if (sources.size === 0) throw misconfigured(spec, 'signed', '"signed" reads nothing of the request, as ${raw} does')
  const parts = nodes.map((node, index) => compilePart(node, nodes[index + 1], idEncoding, spec))
  const signsBody = BODY_SOURCES.some((source) => sources.has(source))

  function check(message: SignedMessage): void {
    if (!signsBody && message.raw.length > 0) throw unverified('it has a body, which is no part of "signed"')
  }

  return {
    placeholders: placeholders.map((node) =>
      typeof node === 'string' || node.kind !== 'placeholder' ? '' : node.text,
    ),
    sources,
    feed(hash, message) {
      check(message)
      for (const { read, encoding } of parts) {
        const piece = read(message)
        if (typeof piece === 'string') hash.update(piece, encoding)
        else hash.update(piece)
      }
      return hash
    },
    join(message) {
      check(message)
      return Buffer.concat(parts.map(({ read, encoding }) => toBytes(read(message), encoding)))
    },
  }
}

function toBytes(piece: Buffer | string, encoding: 'latin1' | 'utf8'): Buffer {
  return typeof piece === 'string' ? Buffer.from(piece, encoding) : piece
}

function compilePart(
  node: Node | string,
  next: Node | string | undefined,
  idEncoding: 'latin1' | 'utf8',
  spec: VerifySpec,
): Part {
  if (typeof node === 'string') return { read: () => node, encoding: 'utf8' }
  const { source, key } = plainPath(node) ?? {}
  if (key === undefined) {
    if (source === 'raw') return { read: ({ raw }) => raw, encoding: 'utf8' }
    if (source === 'timestamp') return { read: ({ timestamp }) => timestamp, encoding: 'latin1' }
    if (source === 'id') return { read: compileId(typeof next === 'string' ? next : ''), encoding: idEncoding }
  }
  if (source === 'header' && key !== undefined)
    return { read: ({ request }) => readHeader(request, key) ?? '', encoding: 'latin1' }
  return compileOther(node, spec)
}

/**
 * An id that holds the text behind it could end elsewhere, with another timestamp and body in the same signed bytes;
 * Standard Webhooks therefore has ids without full stops.
 */
function compileId(separator: string): Part['read'] {
  return ({ id }) => {
    if (separator !== '' && id.includes(separator)) throw unverified('its id holds what stands behind it in "signed"')
    return id
  }
}

function compileOther(node: Node, spec: VerifySpec): Part {
  const text = node.kind === 'placeholder' ? node.text : ''
  const template = compileTemplate(text, { at: `${spec.at}.signed` })
  const isBase64 = node.kind === 'placeholder' && node.types.join() === 'base64' && node.fallback === undefined
  if (!isBase64 && template.references.some(({ source }) => source === 'raw'))
    throw misconfigured(spec, 'signed', `${text} would make text of the raw body; write \${raw}, or \${raw as base64}`)
  const read = guardTemplate(template, 'signed', spec)
  return { read: (message) => toText(read(message)), encoding: 'utf8' }
}
