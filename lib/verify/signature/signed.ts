import type { Hmac } from 'node:crypto'
import type { VerifySpec } from '../contract'
import { compileTemplate } from '../../template/compile'
import { toText } from '../../template/convert'
import type { Node } from '../../template/parse'
import { checkBorder, compileUrlBorder } from './borders'
import type { SignedMessage } from './message'
import { guardTemplate, plainPath, readHeader } from './source'
import { borderOf, parseSigned, type SignedPart } from './signed-parts'
import { misconfigured, unverified } from '../errors'

/** The bytes that a sender signs. */
export interface Signed {
  /** The placeholders as they were written, one after the other. */
  readonly placeholders: readonly string[]
  /** The names of the sources that they read. */
  readonly sources: ReadonlySet<string>
  /** Feeds the bytes to a hash, piece by piece. */
  readonly feed: (hash: Hmac, message: SignedMessage) => Hmac
  readonly join: (message: SignedMessage) => Buffer
}

/** One piece of the signed text; `encoding` is that of a piece that is text. */
interface Part {
  readonly read: (message: SignedMessage) => Buffer | string
  readonly encoding: 'latin1' | 'utf8'
}

interface TextPart extends Part {
  readonly read: (message: SignedMessage) => string
}

/** How a scheme writes the parts that it signs. */
export interface SignedOptions {
  readonly idEncoding: 'latin1' | 'utf8'
  /** How the sender writes the URL that it signs; as it is, when left out. */
  readonly url?: ((url: string) => string) | undefined
}

/** The sources that hold the body, or a part of it. */
const BODY_SOURCES = ['raw', 'sha256', 'body', 'item']

/**
 * Compiles the template `signed` into pieces. The body goes in as received bytes, never through text: bytes that are no
 * UTF-8, `$&` and `${…}` in it stay as they are. Throws `ERR_CONFIG_VALUE` for a template that signs nothing or needs the
 * raw body as text. A request with a body that is no part of the template is `ERR_UNVERIFIED`.
 */
export function compileSigned(template: string, options: SignedOptions, spec: VerifySpec): Signed {
  const written = parseSigned(template, spec.timestamp && String(spec.timestamp.source))
  const sources = new Set(compileTemplate(template, { at: spec.at }).references.map(({ source }) => source))
  if (sources.size === 0) throw misconfigured(spec, 'signed', '"signed" reads nothing of the request, as ${raw} does')
  const parts = written.map((part, index) => compilePart(part, written, index, { ...options, spec }))
  const signsBody = BODY_SOURCES.some((source) => sources.has(source))

  function check(message: SignedMessage): void {
    if (!signsBody && message.raw.length > 0) throw unverified('it has a body, which is no part of "signed"')
  }

  return {
    placeholders: written.flatMap(({ holds, text }) => (holds === 'literal' ? [] : [text])),
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
  part: SignedPart,
  all: readonly SignedPart[],
  index: number,
  { idEncoding, url, spec }: SignedOptions & { readonly spec: VerifySpec },
): Part {
  const { node, holds, header } = part
  if (typeof node === 'string') return { read: () => node, encoding: 'utf8' }
  const { source, key } = plainPath(node) ?? {}
  if (key === undefined) {
    if (source === 'raw') return { read: ({ raw }) => raw, encoding: 'utf8' }
    if (source === 'timestamp') return { read: ({ timestamp }) => timestamp, encoding: 'latin1' }
    if (source === 'url') return compileUrl(all, url)
  }
  const border = borderOf(all, index)
  if (holds === 'id') return { read: ({ id }) => checkBorder(id, part, border), encoding: idEncoding }
  if (header !== undefined)
    return { read: ({ request }) => checkBorder(readHeader(request, header) ?? '', part, border), encoding: 'latin1' }
  const other = compileOther(node, spec)
  return holds === 'field' ? { ...other, read: (message) => checkBorder(other.read(message), part, border) } : other
}

function compileUrl(all: readonly SignedPart[], write: SignedOptions['url'] = (url) => url): Part {
  const check = compileUrlBorder(all)
  return {
    read(message) {
      const { url } = message
      check(message)
      return write(url)
    },
    encoding: 'utf8',
  }
}

function compileOther(node: Node, spec: VerifySpec): TextPart {
  const text = node.kind === 'placeholder' ? node.text : ''
  const template = compileTemplate(text, { at: `${spec.at}.signed` })
  const isBase64 = node.kind === 'placeholder' && node.types.join() === 'base64' && node.fallback === undefined
  if (!isBase64 && template.references.some(({ source }) => source === 'raw'))
    throw misconfigured(spec, 'signed', `${text} would make text of the raw body; write \${raw}, or \${raw as base64}`)
  const read = guardTemplate(template, 'signed', spec)
  return { read: (message) => toText(read(message)), encoding: 'utf8' }
}
