import { type Node, parseTemplate } from '../../template/parse'
import type { Step } from '../../template/steps'
import { plainPath } from './source'

/**
 * What a part of `signed` holds: a fixed text, the whole body as bytes or as its hash, the time of sending, the id, one
 * header, the public URL, one field of the body, or anything else.
 */
type Held = 'literal' | 'raw' | 'hash' | 'timestamp' | 'id' | 'header' | 'url' | 'field' | 'other'

/** One part of what is signed. */
export interface SignedPart {
  readonly holds: Held
  /** The text itself, or the placeholder as it is written. */
  readonly text: string
  readonly node: Node | string
  /** Only of a header: its name in lower case. */
  readonly header?: string
  /** Only of a field: where it stands. */
  readonly field?: SignedField
}

/** A field of the body or of the item that is signed. */
export interface SignedField {
  readonly source: string
  readonly steps: readonly Step[]
}

/** Where a part ends, as far as its neighbour shows it. */
export interface Border {
  /** Whether nothing of the part can be taken for something of its neighbour. */
  readonly isClear: boolean
  /** The fixed text beside it, which it must not hold; empty where there is none. */
  readonly separator: string
  /** On which side its neighbour stands. */
  readonly side: 'before' | 'behind'
  /** Whether it stands beside something of a known length, without a text between them. */
  readonly isTight: boolean
}

/** Parses `signed` into its parts; `timestamp` is the template of the time of sending, which may be repeated in it. */
export function parseSigned(template: string, timestamp?: string): readonly SignedPart[] {
  const tree = parseTemplate(template)
  return (tree.kind === 'text' ? tree.parts : [tree]).map((node) => classify(node, timestamp))
}

function classify(node: Node | string, timestamp: string | undefined): SignedPart {
  if (typeof node === 'string') return { holds: 'literal', text: node, node }
  const text = node.kind === 'placeholder' ? node.text : ''
  const part = (holds: Held): SignedPart => ({ holds, text, node })
  if (node.kind === 'literal') return { holds: 'literal', text: String(node.value), node }
  if (text === timestamp) return part('timestamp')
  const { source, key } = plainPath(node) ?? {}
  if (source === 'header' && key !== undefined) return { ...part('header'), header: key }
  if (key === undefined) {
    if (source === 'raw' || isRawBase64(node)) return part('raw')
    if (source === 'sha256') return part('hash')
    if (source === 'timestamp' || source === 'id' || source === 'url') return part(source)
  }
  const field = fieldOf(node)
  return field === undefined ? part('other') : { ...part('field'), field }
}

function isRawBase64(node: Node): boolean {
  if (node.kind !== 'placeholder' || node.types.join() !== 'base64' || node.fallback !== undefined) return false
  return node.value.kind === 'path' && node.value.source === 'raw' && node.value.steps.length === 0
}

function fieldOf(node: Node): SignedField | undefined {
  if (node.kind !== 'placeholder' || node.types.length > 0 || node.fallback !== undefined) return undefined
  const { value } = node
  if (value.kind !== 'path' || (value.source !== 'body' && value.source !== 'item')) return undefined
  return value.steps.every(({ kind }) => kind === 'key' || kind === 'index') ? value : undefined
}

/** Whether the template covers all of the body. */
export function signsBody(parts: readonly SignedPart[]): boolean {
  return parts.some(({ holds }) => holds === 'raw' || holds === 'hash')
}

/**
 * Finds the border of a part. Parts before the body are read from the left, parts behind it from the right, so that one
 * signed text cannot be split in two ways.
 */
export function borderOf(parts: readonly SignedPart[], index: number): Border {
  const body = parts.findIndex(({ holds }) => holds === 'raw')
  const side = body >= 0 && index > body ? 'before' : 'behind'
  const neighbour = parts[side === 'before' ? index - 1 : index + 1]
  const isTight = neighbour?.holds === 'timestamp' || neighbour?.holds === 'hash'
  const separator = neighbour?.holds === 'literal' ? neighbour.text : ''
  return { isClear: neighbour === undefined || separator !== '' || isTight, separator, isTight, side }
}

/** The characters that no URL holds: a fixed text with one of them separates a URL from its neighbour. */
export const OUTSIDE_OF_URLS = /[\s"<>\\^`{|}]/

/**
 * Returns the side on which the body follows the URL without a separator that no URL holds: 1 behind it, -1 before it, 0
 * for neither. On that side, a piece of the URL could be taken for a piece of the body.
 */
export function openSideOf(parts: readonly SignedPart[]): -1 | 0 | 1 {
  const url = parts.findIndex(({ holds }) => holds === 'url')
  const body = parts.findIndex(({ holds }) => holds === 'raw')
  if (url < 0 || body < 0) return 0
  const between = parts.slice(Math.min(url, body) + 1, Math.max(url, body))
  if (between.some(({ holds, text }) => holds === 'literal' && OUTSIDE_OF_URLS.test(text))) return 0
  return url < body ? 1 : -1
}
